import * as format from "../format.ts"
import type { CountLine, Results, Summary } from "../gather/summaryModel.ts"
import { type Html, html } from "../html.ts"
import type { Section } from "../section.ts"
import { bar, barHead, label, more, near, table, typeName } from "./parts.ts"

const labelTable = ({ annotations, labels }: Results): Html => {
  const most = labels.top[0]?.count ?? 0
  return html`${
    table(
      "Labels by number of annotations",
      html`<th scope="col">Label</th>${barHead}<th scope="col" class="n">Annotations</th><th scope="col" class="n">Share</th><th scope="col" class="n">Jobs</th><th scope="col" class="far">Drawn as</th>`,
      labels.top.map(({ count, jobs, name, types }) =>
        html`<tr><th scope="row">${label(name)}${near(types.map(typeName).join(", "))}</th>${
          bar(count, most)
        }<td class="n">${format.count(count)}</td><td class="n">${format.share(count, annotations)}</td><td class="n">${
          format.count(jobs)
        }</td><td class="tall far">${types.map(typeName).join(", ")}</td></tr>
`
      )
    )
  }${more(labels.more, "label")}${
    labels.capped
      ? html`<p class="more">There are more labels still: beyond ${
        format.count(labels.distinct)
      } different ones they are not told apart.</p>`
      : null
  }`
}

const countTable = (caption: string, first: string, lines: ReadonlyArray<CountLine>): Html =>
  table(
    caption,
    html`<th scope="col">${first}</th>${barHead}<th scope="col" class="n">Annotations</th><th scope="col" class="n">Jobs</th>`,
    lines.map(({ count, jobs, name }) =>
      html`<tr><th scope="row">${typeName(name)}</th>${bar(count, lines[0]?.count ?? 0)}<td class="n">${
        format.count(count)
      }</td><td class="n">${format.count(jobs)}</td></tr>
`
    )
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
