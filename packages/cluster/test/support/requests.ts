/** Requests of exports. */
import type { ExportRequest } from "../../src/index.ts"

/** A request without batches and sinks, with the defaults of the command. */
export const emptyRequest: ExportRequest.ExportRequest = {
  platform: "https://platform.test",
  batches: [],
  sinks: [],
  mode: "new",
  attachments: "results",
  statuses: [],
  labels: [],
  limit: null
}
