import * as format from "../format.ts"
import type { CountLine, Results, Summary } from "../gather/summaryModel.ts"
import { type Html, html } from "../html.ts"
import type { Section } from "../section.ts"
import { bar, type Column, label, more, table, typeName } from "./parts.ts"

const barColumn: Column = { name: "", kind: "bar" }

const labelTable = ({ annotations, labels }: Results): Html => {
  const most = labels.top[0]?.count ?? 0
  return html`${
    table(
      "Labels by number of annotations",
      [
        { name: "Label" },
        barColumn,
        { name: "Annotations", kind: "n" },
        { name: "Share", kind: "n" },
        { name: "Jobs", kind: "n" },
        { name: "Drawn as", kind: "tall" }
      ],
      labels.top.map(({ count, jobs, name, types }) => [
        label(name),
        bar(count, most),
        format.count(count),
        format.share(count, annotations),
        format.count(jobs),
        types.map(typeName).join(", ")
      ])
    )
  }${more(labels.more, "label")}${
    labels.capped
      ? html`<p class="more">There are more labels: beyond ${
        format.count(labels.distinct)
      } different ones, they are counted together.</p>`
      : null
  }`
}

const countTable = (caption: string, first: string, lines: ReadonlyArray<CountLine>): Html =>
  table(
    caption,
    [{ name: first }, barColumn, { name: "Annotations", kind: "n" }, { name: "Jobs", kind: "n" }],
    lines.map(({ count, jobs, name }) => [
      typeName(name),
      bar(count, lines[0]?.count ?? 0),
      format.count(count),
      format.count(jobs)
    ])
  )

/** Labels, and the kinds of annotation and result. */
export const labels = ({ results }: Summary): Section => ({
  id: "labels",
  heading: "Labels and types",
  body: results === null || results.jobs === 0 ?
    null :
    html`${results.annotations === 0 ? html`<p>The results hold no annotations.</p>` : labelTable(results)}
<div class="two">
<div>${results.annotations === 0 ? null : countTable("Annotations by type", "Type", results.types)}</div>
<div>${countTable("Jobs by kind of result", "Kind of result", results.resultTypes)}</div>
</div>`
})
