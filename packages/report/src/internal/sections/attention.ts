import * as format from "../format.ts"
import type { Results, Summary } from "../gather/summaryModel.ts"
import { type Html, html } from "../html.ts"
import type { Section } from "../section.ts"
import { foreign, job, more, table } from "./parts.ts"

const failed = ({ failures, stages }: Summary): Html | null =>
  stages.failed === 0 ? null : html`${
    table(
      `Failed: ${format.counted(stages.failed, "job")}, by reason`,
      html`<th scope="col">Reason</th><th scope="col" class="n">Jobs</th><th scope="col" class="wide">What happened to the first</th><th scope="col">What to do</th><th scope="col" class="wide">Such as</th>`,
      failures.top.map(({ examples, jobs, message, reason, retryable }) =>
        html`<tr><th scope="row">${foreign(reason)}</th><td class="n">${format.count(jobs)}</td><td>${
          foreign(message, 400)
        }</td><td class="tall">${
          retryable === jobs
            ? "The next run tries again."
            : retryable === 0
            ? "Will not pass by itself; retry once it is mended."
            : `The next run tries ${format.count(retryable)} of them again; retry takes all.`
        }</td><td class="tall">${examples.slice(0, 3).map((example) => html`<div>${job(example)}</div>`)}${
          more(jobs - Math.min(3, examples.length), "job")
        }</td></tr>
`
      )
    )
  }${more(failures.more, "reason")}`

/** A list that most readers need not see, under what it says in short. */
const folded = (said: string, list: Html): Html =>
  html`<details><summary>${said}</summary>
${list}</details>`

const unfinished = ({ stages, unfinished }: Summary): Html | null =>
  stages.unfinished === 0 ? null : folded(
    `In work: ${format.counted(stages.unfinished, "job")} for which the platform has no result yet`,
    html`${
      table(
        "Jobs in work, by batch and id",
        html`<th scope="col">Job</th><th scope="col">Status</th>`,
        unfinished.top.map((one) =>
          html`<tr><th scope="row">${job(one)}</th><td>${foreign(one.status)}</td></tr>
`
        )
      )
    }${more(unfinished.more, "job")}`
  )

const problems = ({ problems }: Results): Html | null =>
  problems.count === 0 ? null : html`${
    table(
      `Problems: ${
        format.counted(problems.count, "annotation")
      } that could not be read; the results keep them as they came`,
      html`<th scope="col">Why</th><th scope="col" class="n">Annotations</th><th scope="col" class="n">Jobs</th><th scope="col">Such as</th>`,
      problems.top.map(({ count, example, jobs, name, path }) =>
        html`<tr><th scope="row">${foreign(name, 200)}</th><td class="n">${format.count(count)}</td><td class="n">${
          format.count(jobs)
        }</td><td class="tall">${job(example)} <span class="soft">at</span> <code>${foreign(path, 120)}</code></td></tr>
`
      )
    )
  }${more(problems.more, "reason")}`

const listed = (what: string, { more: rest, top }: Results["unknown"]): Html | null =>
  top.length === 0 ? null : folded(
    `${what}: ${format.counted(top.length + rest, "job")}`,
    html`${
      table(
        "Jobs, by batch and id",
        html`<th scope="col">Job</th>`,
        top.map((one) =>
          html`<tr><th scope="row">${job(one)}</th></tr>
`
        )
      )
    }${more(rest, "job")}`
  )

/** What a person should look at: failures, jobs in work, what could not be read. */
export const attention = (summary: Summary): Section => {
  const { results } = summary
  const parts = [
    failed(summary),
    ...(results === null ? [] : [
      listed("Could not be read back", results.unreadable),
      problems(results),
      listed("Of a shape that is not known, stored as it came", results.unknown)
    ]),
    unfinished(summary)
  ].filter((part) => part !== null)
  return { id: "attention", heading: "Needs attention", body: parts.length === 0 ? null : html`${parts}` }
}
