import * as format from "../format.ts"
import type { Summary } from "../gather/summaryModel.ts"
import { html } from "../html.ts"
import type { Section } from "../section.ts"
import { type Column, foreign, more, table } from "./parts.ts"

const columns: ReadonlyArray<Column> = [
  { name: "Batch" },
  { name: "Project" },
  ...["Jobs", "Stored", "Unfinished", "Failed", "Not fetched", "Size"].map((name): Column => ({ name, kind: "n" }))
]

/** How far each batch has come. */
export const batches = ({ batches }: Summary): Section => ({
  id: "batches",
  heading: "Batches",
  body: batches.top.length === 0 ? null : html`${
    table(
      "Jobs of each batch, as last listed",
      columns,
      batches.top.map(({ batchId, bytes, projectId, stages }) => {
        const { failed, pending, stored, unfinished } = stages
        const counts = [failed + pending + stored + unfinished, stored, unfinished, failed, pending].map(format.count)
        return [
          html`<code>${foreign(batchId)}</code>`,
          html`<code>${foreign(projectId)}</code>`,
          ...counts,
          format.bytes(bytes)
        ]
      })
    )
  }${more(batches.more, "batch", "batches")}`
})
