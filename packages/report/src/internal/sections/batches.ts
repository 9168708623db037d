import * as format from "../format.ts"
import type { Summary } from "../gather/summaryModel.ts"
import { html } from "../html.ts"
import type { Section } from "../section.ts"
import { foreign, more, table } from "./parts.ts"

/** How far each batch has come. */
export const batches = ({ batches }: Summary): Section => ({
  id: "batches",
  heading: "Batches",
  body: batches.top.length === 0 ? null : html`${
    table(
      "Jobs of each batch, as last listed",
      html`<th scope="col">Batch</th><th scope="col">Project</th><th scope="col" class="n">Jobs</th><th scope="col" class="n">Stored</th><th scope="col" class="n">In work</th><th scope="col" class="n">Failed</th><th scope="col" class="n">Not fetched</th><th scope="col" class="n">Size</th>`,
      batches.top.map(({ batchId, bytes, projectId, stages }) => {
        const { failed, pending, stored, unfinished } = stages
        return html`<tr><th scope="row"><code>${foreign(batchId)}</code></th><td><code>${
          foreign(projectId)
        }</code></td><td class="n">${format.count(failed + pending + stored + unfinished)}</td><td class="n">${
          format.count(stored)
        }</td><td class="n">${format.count(unfinished)}</td><td class="n">${format.count(failed)}</td><td class="n">${
          format.count(pending)
        }</td><td class="n">${format.bytes(bytes)}</td></tr>
`
      })
    )
  }${more(batches.more, "batch", "batches")}`
})
