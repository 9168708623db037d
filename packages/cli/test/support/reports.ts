/** Reports of exports as they might be. */
import { ExportReport } from "@labelstream/core"

/** A batch of ten jobs, all exported, but for what is given. */
export const batchReport = (counts: Partial<ExportReport.BatchReport>): ExportReport.BatchReport => ({
  projectId: "p",
  batchId: "b",
  listed: 10,
  exported: 10,
  unchanged: 0,
  unfinished: 0,
  failed: 0,
  remaining: 0,
  skipped: 0,
  changed: 0,
  delisted: 0,
  unknown: 0,
  unknownExample: null,
  problems: 0,
  problemExample: null,
  bytes: 100,
  isListed: true,
  listingError: null,
  ...counts
})

/** An export of nothing, but for what is given. */
export const exportReport = (parts: Partial<ExportReport.ExportReport>): ExportReport.ExportReport => ({
  ...ExportReport.empty,
  seconds: 1,
  ...parts
})
