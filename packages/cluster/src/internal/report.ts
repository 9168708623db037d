/** What an export on a cluster has come to, in the words of every export. */
import { ExportReport, type Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import type { ClusterError } from "../ClusterError.ts"
import * as ExportRequest from "../ExportRequest.ts"
import { type ExportRow, ExportStore } from "../ExportStore.ts"

/** Returns the report at this moment, from the rows of the jobs. Each job counts once, even if its slice was done again. */
export const reportOf = Effect.fnUntraced(function*(row: ExportRow): Effect.fn.Return<
  ExportReport.ExportReport,
  ClusterError | Ledger.LedgerError,
  ExportStore
> {
  // The rows of an export that has ended are forgotten.
  if (row.report !== null) return JSON.parse(row.report) as ExportReport.ExportReport
  const store = yield* ExportStore
  const request = yield* ExportRequest.decode(row.request)
  const progress = row.run === null ? undefined : yield* store.progress(row.run)
  const batches = request.batches.map((batch): ExportReport.BatchReport => {
    const found = progress?.batches.find(({ batchId, projectId }) =>
      batchId === batch.batchId && projectId === batch.projectId
    )
    return found ?? ExportReport.emptyBatch(batch)
  })
  const stopped = row.stopRequested
  const limited = request.limit !== null && !stopped && row.endedAt !== null
    && batches.some(({ isListed, listingError }) => !isListed && listingError === null)
  const noMatch = ExportReport.matchedNothing(batches, request.labels.length > 0)
  // Sinks are published at the end. A stop can come before: what it did to a sink, no row says.
  const isPublished = row.endedAt !== null && row.error === null && !stopped
  const sinks = (progress?.sinks ?? []).map((sink): ExportReport.SinkReport => ({
    ...sink,
    backfilled: 0,
    sink: sink.id.split(":")[0] ?? sink.id,
    queued: 0,
    error: null,
    isPublished,
    // A sink's notice is logged by the runner that ended it.
    notice: null
  }))
  const report: ExportReport.ExportReport = {
    complete: ExportReport.isComplete({ batches, limited, noMatch, notListed: [], sinks }),
    filter: request.labels.length > 0 ? "result" : request.statuses.length > 0 ? "listing" : "none",
    noMatch,
    // The rows of skipped jobs keep neither.
    seen: { statuses: [], labels: [] },
    notListed: [],
    limited,
    stopped,
    batches,
    failures: progress?.failures ?? [],
    unsized: progress?.unsized ?? [],
    unreachable: progress?.unreachable ?? [],
    sinks,
    // Only each runner knows its own.
    begun: 0,
    fetched: 0,
    // A clock can be set back: nothing ends before it begins.
    seconds: Math.max(0, (row.endedAt ?? row.now) - row.submittedAt) / 1000
  }
  return report
})
