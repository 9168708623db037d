import { type Export, type ExportReport, Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"

/** A failed job, or a batch whose listing failed, as a program is told of it. */
export interface FailedJob {
  readonly batch_id: string
  /** Null where the listing of the batch failed. */
  readonly job_id: string | null
  readonly error: string
  readonly message: string
  /** How often the job was tried since it was last stored. */
  readonly attempts: number
  readonly retryable: boolean
}

interface Failed {
  readonly projectId: string
  readonly batchId: string
  readonly jobId: string
  readonly error: { readonly reason: string; readonly message: string; readonly retryable: boolean }
}

/** Ids asked of the ledger at once. */
const step = 500

/** Remembers which jobs failed in this pass, from an export's events. Holds about 300 bytes for each of them. */
export class Failures {
  private jobs: Array<Failed> = []

  readonly onEvent = (event: Export.JobEvent): void => {
    if (event._tag === "Failed" || event._tag === "StillFailed") this.jobs.push(event)
    else if (event._tag === "PassStarted") this.jobs = []
  }

  /** All of them, with what the ledger knows. */
  list(batches: ReadonlyArray<ExportReport.BatchReport>) {
    const { jobs } = this
    return Effect.gen(function*() {
      const ledger = yield* Ledger.Ledger
      const all: Array<FailedJob> = []
      for (const batch of batches) {
        const of = jobs.filter(({ batchId, projectId }) => batchId === batch.batchId && projectId === batch.projectId)
        for (let at = 0; at < of.length; at += step) {
          const some = of.slice(at, at + step)
          const known = yield* ledger.find(batch, some.map(({ jobId }) => jobId))
          for (const [index, { batchId, error, jobId }] of some.entries()) {
            all.push({
              batch_id: batchId,
              job_id: jobId,
              error: error.reason,
              message: error.message,
              attempts: known[index]?.attempts ?? 1,
              retryable: error.retryable
            })
          }
        }
      }
      return all
    })
  }
}

/** The listings that could not be read to their end. */
const failedListings = (report: ExportReport.ExportReport): ReadonlyArray<FailedJob> =>
  report.batches.flatMap(({ batchId, listingError: message }) => {
    if (message === null) return []
    const groups = report.failures.filter(({ example }) => example.jobId === null)
    const group = groups.find(({ example }) => example.message === message) ?? groups[0]
    const [error, retryable] = [group?.cause ?? "ListingFailed", group?.retryable ?? true]
    return [{ batch_id: batchId, job_id: null, error, message, attempts: 1, retryable }]
  })

/** What an export came to, for programs: the object that `--json` prints. */
export const reportObject = (report: ExportReport.ExportReport, failures: ReadonlyArray<FailedJob>) => ({
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
export const emptyReport: ReturnType<typeof reportObject> = {
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
