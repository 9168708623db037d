import * as format from "../format.ts"
import type { Summary } from "../gather/summaryModel.ts"
import { type Html, html } from "../html.ts"
import type { Section } from "../section.ts"
import { more, table } from "./parts.ts"

const total = ({ stages }: Summary): number => stages.pending + stages.unfinished + stages.stored + stages.failed

/** The state of everything, in a word. */
export const state = (summary: Summary): { readonly tone: "good" | "warn" | "bad"; readonly word: string } => {
  const { failed, pending, unfinished } = summary.stages
  if (total(summary) === 0) return { tone: "warn", word: "Nothing exported yet" }
  if (failed > 0) return { tone: "bad", word: `${format.counted(failed, "job")} failed` }
  if (pending > 0) return { tone: "warn", word: `${format.counted(pending, "job")} not fetched yet` }
  if (unfinished > 0) return { tone: "warn", word: `Up to date, ${format.count(unfinished)} unfinished` }
  return { tone: "good", word: "Complete" }
}

const tile = (name: string, value: string, note: string): Html =>
  html`<div><dt>${name}</dt><dd>${value}<span>${note}</span></dd></div>
`

const dateTile = (name: string, millis: number): Html => {
  const [date = "", ...time] = format.time(millis).split(" ")
  return html`<div><dt>${name}</dt><dd><span class="date">${date}</span><span>${time.join(" ")}</span></dd></div>
`
}

const stackOf = (summary: Summary): Html => {
  const { failed, pending, stored, unfinished } = summary.stages
  const all = total(summary)
  const parts = [
    { name: "stored", jobs: stored, tone: "good" },
    { name: "unfinished", jobs: unfinished, tone: "warn" },
    { name: "failed", jobs: failed, tone: "bad" },
    { name: "not fetched yet", jobs: pending, tone: "soft" }
  ].filter(({ jobs }) => jobs > 0)
  let x = 0
  const rects = parts.map(({ jobs, tone }) => {
    const width = 1000 * jobs / all
    const rect = html`<rect class="f-${tone}" x="${x.toFixed(2)}" width="${width.toFixed(2)}" height="14"/>`
    x += width
    return rect
  })
  const said = parts.map(({ jobs, name }) => `${format.share(jobs, all)} ${name}`).join(", ")
  return html`<svg class="stack" viewBox="0 0 1000 14" preserveAspectRatio="none" role="img" aria-label="Jobs: ${said}">${rects}</svg>
<ul class="key">${
    parts.map(({ jobs, name, tone }) =>
      html`<li><svg aria-hidden="true" viewBox="0 0 10 10"><rect class="f-${tone}" width="10" height="10" rx="2"/></svg><span>${
        format.count(jobs)
      } ${name} <span class="soft">${format.share(jobs, all)}</span></span></li>`
    )
  }</ul>`
}

const notices = ({ results, stages }: Summary): ReadonlyArray<string> => {
  if (results === null) {
    return stages.stored === 0 ? [] : [
      "None of the sinks can read its jobs back, so this page has no labels and no drawings. The files sink can."
    ]
  }
  const { brokenOff, jobs, unreadable } = results
  const unread = unreadable.top.length + unreadable.more
  const found = jobs + unread
  return [
    ...(brokenOff === null
      ? []
      : [`The results could not be read to their end, so this page shows a part of them: ${brokenOff}`]),
    ...(brokenOff !== null || found === stages.stored ? [] : [
      `The ledger says that ${
        format.counted(stages.stored, "job is", "jobs are")
      } stored, and the ${results.sink} sink ` +
      `holds ${format.count(found)}. To find the difference, verify the sink.`
    ])
  ]
}

/** Totals. */
export const overview = (summary: Summary): Section => {
  const { results, runs, sinks, stages } = summary
  const all = total(summary)
  const [latest] = runs.top
  const body = html`${
    all === 0
      ? html`<p>The ledger has no jobs yet. The first export adds them.</p>`
      : html`<dl class="tiles">
${tile("Jobs stored", format.count(stages.stored), `of ${format.count(all)} listed`)}${
        results === null ? null : html`${
          tile(
            "Annotations",
            format.short(results.annotations),
            results.annotations < 10_000
              ? `in ${format.counted(results.jobs, "job")}`
              : format.count(results.annotations)
          )
        }${
          tile(
            "Labels",
            `${format.count(results.labels.distinct)}${results.labels.capped ? "+" : ""}`,
            "different ones"
          )
        }${results.frames > results.jobs ? tile("Frames", format.short(results.frames), "as listed") : null}`
      }${
        tile(
          "Data",
          format.bytes(summary.bytes),
          results === null || results.files === 0
            ? "results"
            : `results and ${format.counted(results.files, "file")}`
        )
      }${latest === undefined ? null : dateTile("Last run", latest.startedAt)}</dl>
${stackOf(summary)}`
  }
${notices(summary).map((text) => html`<p class="notice">${text}</p>`)}
${
    sinks.length === 0 ? null : html`<div class="narrow">${
      table(
        "Stored jobs by sink, from the ledger",
        [{ name: "Sink" }, { name: "Jobs", kind: "n" }, { name: "Size", kind: "n" }],
        sinks.slice(0, 20).map(({ bytes, jobs, name }) => [name, format.count(jobs), format.bytes(bytes)])
      )
    }${more(sinks.length - 20, "sink")}</div>`
  }`
  return { id: "overview", heading: "Overview", body }
}
