import * as format from "../format.ts"
import type { Summary } from "../gather/summaryModel.ts"
import { html, shorten } from "../html.ts"
import type { Section } from "../section.ts"
import { foreign, more, near, table } from "./parts.ts"

/** How far each batch has come. */
export const batches = ({ batches }: Summary): Section => ({
  id: "batches",
  heading: "Batches",
  body: batches.top.length === 0 ? null : html`${
    table(
      "Jobs of each batch, as last listed",
      html`<th scope="col">Batch</th><th scope="col" class="far">Project</th><th scope="col" class="n">Jobs</th>${
        ["Stored", "In work", "Failed", "Not fetched"].map((name) => html`<th scope="col" class="n far">${name}</th>`)
      }<th scope="col" class="n">Size</th>`,
      batches.top.map(({ batchId, bytes, projectId, stages }) => {
        const { failed, pending, stored, unfinished } = stages
        const counts = [stored, unfinished, failed, pending].map(format.count)
        const said = ["stored", "in work", "failed", "not fetched"].map((name, at) => `${counts[at]} ${name}`).join(
          ", "
        )
        return html`<tr><th scope="row"><code>${foreign(batchId)}</code>${
          near(`Project ${shorten(projectId)}: ${said}`)
        }</th><td class="far"><code>${foreign(projectId)}</code></td><td class="n">${
          format.count(failed + pending + stored + unfinished)
        }</td>${counts.map((count) => html`<td class="n far">${count}</td>`)}<td class="n">${
          format.bytes(bytes)
        }</td></tr>
`
      })
    )
  }${more(batches.more, "batch", "batches")}`
})
