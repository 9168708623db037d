import { Ledger } from "@labelstream/core"
import * as format from "../format.ts"
import type { Results, Summary } from "../gather/summaryModel.ts"
import { type Html, html } from "../html.ts"
import type { Section } from "../section.ts"
import { foreign, job, more, table } from "./parts.ts"

const failed = ({ failures, stages }: Summary): Html | null =>
  stages.failed === 0 ? null : html`${
    table(
      `Failed: ${format.counted(stages.failed, "job")}, by reason`,
      [
        { name: "Reason" },
        { name: "Jobs", kind: "n" },
        { name: "First failure", kind: "wide" },
        { name: "Outlook", kind: "tall" },
        { name: "Examples", kind: "wide" }
      ],
      failures.top.map(({ examples, jobs, message, reason, ...prospects }) => [
        foreign(reason),
        format.count(jobs),
        foreign(message, 400),
        Ledger.outlook(prospects),
        html`${examples.slice(0, 3).map((example) => html`<div>${job(example)}</div>`)}${
          more(jobs - Math.min(3, examples.length), "job")
        }`
      ])
    )
  }${more(failures.more, "reason")}`

/** A list that most readers need not see, under what it says in short. */
const folded = (said: string, list: Html): Html =>
  html`<details><summary>${said}</summary>
${list}</details>`

const unfinished = ({ stages, unfinished }: Summary): Html | null =>
  stages.unfinished === 0 ? null : folded(
    `Unfinished: ${format.counted(stages.unfinished, "job")} without a result yet`,
    html`${
      table(
        "Unfinished jobs, by batch and id",
        [{ name: "Job" }, { name: "Status" }],
        unfinished.top.map((one) => [job(one), foreign(one.status)])
      )
    }${more(unfinished.more, "job")}`
  )

const problems = ({ problems }: Results): Html | null =>
  problems.count === 0 ? null : html`${
    table(
      `Problems: ${
        format.counted(problems.count, "annotation")
      } that could not be read; the results keep them as they came`,
      [
        { name: "Reason" },
        { name: "Annotations", kind: "n" },
        { name: "Jobs", kind: "n" },
        { name: "Example", kind: "tall" }
      ],
      problems.top.map(({ count, example, jobs, name, path }) => [
        foreign(name, 200),
        format.count(count),
        format.count(jobs),
        html`${job(example)} <span class="soft">at</span> <code>${foreign(path, 120)}</code>`
      ])
    )
  }${more(problems.more, "reason")}`

const listed = (what: string, { more: rest, top }: Results["unknown"]): Html | null =>
  top.length === 0 ? null : folded(
    `${what}: ${format.counted(top.length + rest, "job")}`,
    html`${
      table(
        "Jobs, by batch and id",
        [{ name: "Job" }],
        top.map((one) => [job(one)])
      )
    }${more(rest, "job")}`
  )

/** What needs a look: failures, unfinished jobs, what could not be read. */
export const attention = (summary: Summary): Section => {
  const { results } = summary
  const parts = [
    failed(summary),
    ...(results === null ? [] : [
      listed("Could not be read back", results.unreadable),
      problems(results),
      listed("Of unknown shape, stored as received", results.unknown)
    ]),
    unfinished(summary)
  ].filter((part) => part !== null)
  return { id: "attention", heading: "Needs attention", body: parts.length === 0 ? null : html`${parts}` }
}
