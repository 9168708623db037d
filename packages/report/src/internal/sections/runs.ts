import type { Ledger } from "@labelstream/core"
import * as format from "../format.ts"
import type { Summary } from "../gather/summaryModel.ts"
import { type Html, html } from "../html.ts"
import type { Section } from "../section.ts"
import { more, near, table } from "./parts.ts"

const outcome = ({ end }: Ledger.Run): Html => {
  if (end === null) return html`<span class="soft">no end on record</span>`
  if (end.outcome === "stopped") return html`<span class="pill warn">stopped</span>`
  if (end.outcome === "aborted") return html`<span class="pill bad">broken off</span>`
  return end.failed > 0
    ? html`<span class="pill bad">${format.count(end.failed)} failed</span>`
    : html`<span class="pill good">completed</span>`
}

const line = (run: Ledger.Run): Html => {
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
  const [took = "", listed, exported, unchanged, bytes] = cells
  const said = took === ""
    ? ""
    : `In ${took}: ${listed} listed, ${exported} exported, ${unchanged} unchanged, ${bytes} fetched`
  return html`<tr><th scope="row" class="n">${number}</th><td class="nowrap">${format.time(startedAt)}${
    near(said)
  }</td><td class="nowrap">${outcome(run)}</td>${cells.map((cell) => html`<td class="n far">${cell}</td>`)}</tr>
`
}

const columns = ["Took", "Listed", "Exported", "Unchanged", "Fetched", "Jobs", "Bytes"]

/** How the runs went. */
export const runs = ({ runs }: Summary): Section => ({
  id: "runs",
  heading: "Runs",
  body: runs.count === 0 ? null : html`${
    table(
      "Runs, the latest first. Jobs that were stored already are not fetched again",
      html`<th scope="col" class="n">Run</th><th scope="col">Began</th><th scope="col">Ended</th>${
        columns.map((name) => html`<th scope="col" class="n far">${name}</th>`)
      }`,
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
