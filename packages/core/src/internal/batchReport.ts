/** Counts of one batch and failures by cause, and what an event adds to them. */
import type { BatchRef } from "../Job.ts"
import { isPermanent, type JobFailure } from "../Ledger.ts"

/** Counts of one batch. When its listing has ended: listed = exported + unchanged + unfinished + failed + remaining. */
export interface BatchReport extends BatchRef {
  /** Jobs in the listing, each counted once, and delisted jobs that every sink has lost, which are fetched again. */
  readonly listed: number
  /** Stored by every sink in this run, or in part of them where others had it already. */
  readonly exported: number
  /** Not fetched since every sink has them, or fetched again and found the same. */
  readonly unchanged: number
  /** The platform has no result for them yet. */
  readonly unfinished: number
  readonly failed: number
  /** Listed and neither stored nor failed when the run was stopped. 0 in a run that went to its end. */
  readonly remaining: number
  /** Jobs of the listing that the run was not asked for (`filter`, `filterResult`); no part of `listed`. */
  readonly skipped: number
  /** Exported jobs whose earlier revision was replaced; part of `exported`. */
  readonly changed: number
  /** Stored once and no longer listed; nothing is deleted. Known when the listing has ended. */
  readonly delisted: number
  /** Exported jobs whose result is of no shape that is known: stored as it is, with one row that says so. */
  readonly unknown: number
  /** One of them; null if there is none. */
  readonly unknownExample: string | null
  /**
   * What of exported jobs could not be stored as it was sent: annotations that gave no row, since they are malformed;
   * texts with half a character; fields of the listing and of the job that are not what they should be. Annotations
   * count where a sink reads rows. The result document has them still.
   */
  readonly problems: number
  /** The first of them; null if there is none. `path` is a JSON pointer into the document, or the name of a field. */
  readonly problemExample: { readonly jobId: string; readonly path: string; readonly reason: string } | null
  /** Bytes fetched for exported jobs: result documents and their files. */
  readonly bytes: number
  /** Whether the listing was read to its end. */
  readonly isListed: boolean
  /** The failure because of which the listing could not be read to its end, if any. */
  readonly listingError: string | null
}

/** Failures of one cause and with the same prospects: of jobs, or of listings. */
export interface FailureGroup {
  /** Tag of the reason, such as `AttachmentMissing`, or `<sink> sink` with its reason. */
  readonly cause: string
  /** Jobs that failed, or batches whose listing failed. */
  readonly count: number
  /** Whether a normal run may succeed. Every run tries a listing, whatever this says. */
  readonly retryable: boolean
  /** Whether another run will hardly help them: it skips them, or tries each once without waiting. */
  readonly permanent: boolean
  /** One of them. `jobId` is null if the listing of the batch failed. */
  readonly example: { readonly batchId: string; readonly jobId: string | null; readonly message: string }
}

/** What each pass counts for itself. */
export const ofPass = {
  listed: 0,
  exported: 0,
  unchanged: 0,
  unfinished: 0,
  failed: 0,
  remaining: 0,
  skipped: 0,
  delisted: 0,
  isListed: false,
  listingError: null
}

const ofRun = { changed: 0, unknown: 0, unknownExample: null, problems: 0, problemExample: null, bytes: 0 }

/** A batch of which nothing is known yet. */
export const emptyBatch = ({ batchId, projectId }: BatchRef): BatchReport => ({
  projectId,
  batchId,
  ...ofPass,
  ...ofRun
})

const countNames = [
  "exported",
  "unchanged",
  "unfinished",
  "failed",
  "skipped",
  "delisted",
  "changed",
  "unknown",
  "problems",
  "bytes"
] as const

/** What an event adds to the counts of a batch. `found` are jobs of the listing, with those that are skipped. */
export type Added = { readonly [Name in "found" | typeof countNames[number]]?: number }

/** Returns the batches after an event of one of them. */
export const counted = (
  batches: ReadonlyArray<BatchReport>,
  ref: BatchRef,
  added: Added,
  more?: (batch: BatchReport) => Partial<BatchReport>
): ReadonlyArray<BatchReport> => {
  const at = batches.findIndex(({ batchId, projectId }) => batchId === ref.batchId && projectId === ref.projectId)
  const batch = batches[at]
  if (batch === undefined) return batches
  const next: { -readonly [Name in keyof BatchReport]: BatchReport[Name] } = { ...batch, ...more?.(batch) }
  for (const name of countNames) next[name] += added[name] ?? 0
  // A job that is skipped once its result is there was found before: it is then no longer listed.
  next.listed = batch.listed + batch.skipped + (added.found ?? 0) - next.skipped
  next.remaining = next.listed - next.exported - next.unchanged - next.unfinished - next.failed
  return batches.with(at, next)
}

/** Adds a failure of a job, or of a listing, to those of its cause. */
export const grouped = (
  failures: ReadonlyArray<FailureGroup>,
  { attempts = 0, batchId, error }: BatchRef & { readonly error: JobFailure; readonly attempts?: number },
  jobId: string | null
): ReadonlyArray<FailureGroup> => {
  const { message, reason, retryable } = error
  const permanent = isPermanent(error, attempts)
  const at = failures.findIndex((group) =>
    group.cause === reason && group.permanent === permanent && group.retryable === retryable &&
    (group.example.jobId === null) === (jobId === null)
  )
  const group = failures[at]
  return group === undefined
    ? [...failures, { cause: reason, count: 1, retryable, permanent, example: { batchId, jobId, message } }]
    : failures.with(at, { ...group, count: group.count + 1 })
}
