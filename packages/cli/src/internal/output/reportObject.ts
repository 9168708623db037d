/** The result of an export for programs: the object that `--json` prints. */
import { type Export, type ExportReport, Ledger } from "@labelstream/core"
import type * as JsonOutput from "../../JsonOutput.ts"

/** A failed job, or a batch whose listing failed. */
export type FailedJob = typeof JsonOutput.Failure.Type

/** A failed job as programs read it. */
export const failedJob = (
  { attempts, batchId, error, jobId }: Pick<Ledger.LedgerEntry, "attempts" | "batchId" | "jobId"> & {
    readonly error: Ledger.JobFailure
  }
): FailedJob => ({
  batch_id: batchId,
  job_id: jobId,
  error: error.reason,
  message: error.message,
  attempts,
  retryable: error.retryable,
  permanent: Ledger.isPermanent(error, attempts)
})

/** Remembers which jobs failed in this pass, from an export's events. Holds about 300 bytes for each of them. */
export class Failures {
  /** All of them, in the order in which they failed. */
  jobs: Array<FailedJob> = []

  readonly onEvent = (event: Export.JobEvent): void => {
    if (event._tag === "Failed" || event._tag === "StillFailed") this.jobs.push(failedJob(event))
    else if (event._tag === "PassStarted") this.jobs = []
  }
}

/** The listings that could not be read to their end. */
const failedListings = (report: ExportReport.ExportReport): ReadonlyArray<FailedJob> =>
  report.batches.flatMap(({ batchId, listingError: message }) => {
    if (message === null) return []
    const groups = report.failures.filter(({ example }) => example.jobId === null)
    const group = groups.find(({ example }) => example.message === message) ?? groups[0]
    const [error, retryable] = [group?.cause ?? "ListingFailed", group?.retryable ?? true]
    return [{ batch_id: batchId, job_id: null, error, message, attempts: 1, retryable, permanent: !retryable }]
  })

/** The result of an export. */
export const reportObject = (
  report: ExportReport.ExportReport,
  failures: ReadonlyArray<FailedJob>
): typeof JsonOutput.Export.Type => ({
  complete: report.complete,
  limited: report.limited,
  stopped: report.stopped,
  no_match: report.noMatch,
  seen: report.seen,
  not_listed: report.notListed,
  batches: report.batches.map((batch) => ({
    project_id: batch.projectId,
    batch_id: batch.batchId,
    listed: batch.listed,
    exported: batch.exported,
    unchanged: batch.unchanged,
    unfinished: batch.unfinished,
    failed: batch.failed,
    remaining: batch.remaining,
    skipped: batch.skipped,
    changed: batch.changed,
    delisted: batch.delisted,
    bytes: batch.bytes
  })),
  failures: [...failedListings(report), ...failures],
  unsized: report.unsized.map(({ count, reason }) => ({ reason, count })),
  unreachable: report.unreachable.map(({ count, reason }) => ({ reason, count })),
  sinks: report.sinks.map(({ backfilled, bytes, error, id, isPublished, notice, stored }) => ({
    sink: id,
    stored,
    backfilled,
    bytes,
    error,
    published: isPublished,
    notice
  })),
  seconds: report.seconds
})

/** The same for a run that did not begin. */
export const emptyReport: typeof JsonOutput.Export.Type = {
  complete: false,
  limited: false,
  stopped: false,
  no_match: false,
  seen: { statuses: [], labels: [] },
  not_listed: [],
  batches: [],
  failures: [],
  unsized: [],
  unreachable: [],
  sinks: [],
  seconds: 0
}
