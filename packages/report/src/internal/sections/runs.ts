import type { Ledger } from "@labelstream/core"
import * as format from "../format.ts"
import type { Summary } from "../gather/summaryModel.ts"
import { type Html, html } from "../html.ts"
import type { Section } from "../section.ts"
import { type Column, more, table } from "./parts.ts"

const outcome = ({ end }: Ledger.Run): Html => {
  if (end === null) return html`<span class="soft">no end on record</span>`
  if (end.outcome === "stopped") return html`<span class="pill warn">stopped</span>`
  if (end.outcome === "aborted") return html`<span class="pill bad">aborted</span>`
  return end.failed > 0
    ? html`<span class="pill bad">${format.count(end.failed)} failed</span>`
    : html`<span class="pill good">completed</span>`
}

const line = (run: Ledger.Run): ReadonlyArray<Html | string> => {
  const { end, endedAt, run: number, startedAt } = run
  const numbers = (end: Ledger.RunEnd, millis: number) => {
    const seconds = Math.max(millis, 1) / 1000
    const rates = end.exported === 0 ? ["", ""] : [
      `${format.decimal(end.exported / seconds)}/s`,
      `${format.bytes(end.bytes / seconds)}/s`
    ]
    return [
      format.duration(millis),
      format.count(end.listed),
      format.count(end.exported),
      format.count(end.unchanged),
      format.bytes(end.bytes),
      ...rates
    ]
  }
  const cells = end === null || endedAt === null
    ? Array.from({ length: 7 }, () => "")
    : numbers(end, endedAt - startedAt)
  return [String(number), format.time(startedAt), outcome(run), ...cells]
}

const columns: ReadonlyArray<Column> = [
  { name: "Run", kind: "n" },
  { name: "Began", kind: "nowrap" },
  { name: "Ended", kind: "nowrap" },
  ...["Took", "Listed", "Exported", "Unchanged", "Fetched", "Jobs", "Bytes"].map((name): Column => ({
    name,
    kind: "n"
  }))
]

/** How the runs went. */
export const runs = ({ runs }: Summary): Section => ({
  id: "runs",
  heading: "Runs",
  body: runs.count === 0 ? null : html`${
    table(
      "Runs, the latest first. Stored jobs are not fetched again",
      columns,
      runs.top.map(line)
    )
  }${more(runs.more, "run")}${
    runs.quiet === 0 ?
      null :
      html`<p class="more">${format.counted(runs.quiet, "run")} that found nothing new ${
        runs.quiet === 1 ? "is" : "are"
      } not shown.</p>`
  }`
})
