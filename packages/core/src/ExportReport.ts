/** What an export has done: counts by batch, failures by cause, receipts by sink. */
import type { BatchRef } from "./Job.ts"

/** Counts of one batch. When its listing has ended: listed = exported + unchanged + unfinished + failed + left. */
export interface BatchReport extends BatchRef {
  /** Jobs in the listing, each counted once. */
  readonly listed: number
  /** Stored by every sink in this run, or in part of them where others had it already. */
  readonly exported: number
  /** Not fetched since every sink has them, or fetched again and found the same. */
  readonly unchanged: number
  /** The platform has no result for them yet. */
  readonly unfinished: number
  readonly failed: number
  /** Listed and neither stored nor failed when the run was stopped. 0 in a run that went to its end. */
  readonly left: number
  /** Jobs of the listing that the run was not asked for (`wanted`, `wantedResult`); no part of `listed`. */
  readonly skipped: number
  /** Exported jobs whose earlier revision was replaced; part of `exported`. */
  readonly changed: number
  /** Stored once and no longer listed; nothing is deleted. Known when the listing has ended. */
  readonly vanished: number
  /** Exported jobs whose result is of no shape that is known: stored as it is, with one row that says so. */
  readonly unknown: number
  /** One of them; null where there is none. */
  readonly unknownExample: string | null
  /**
   * Annotations of exported jobs that gave no row, since they are malformed: counted where a sink reads rows. The result
   * document has them still.
   */
  readonly problems: number
  /** The first of them; null where there is none. */
  readonly problemExample: { readonly jobId: string; readonly path: string; readonly reason: string } | null
  /** Bytes fetched for exported jobs: result documents and their files. */
  readonly bytes: number
  /** Whether the listing was read to its end. */
  readonly isListed: boolean
  /** Why the listing could not be read to its end, where that was a failure. */
  readonly listingError: string | null
}

/** Failures of one cause: of jobs, or of listings. */
export interface FailureGroup {
  /** Tag of the reason, such as `AttachmentMissing`, or `<sink> sink` with its reason. */
  readonly cause: string
  /** Jobs that failed, or batches whose listing failed. */
  readonly count: number
  /** Whether an ordinary run may get past it. Every run tries a listing, whatever this says. */
  readonly retryable: boolean
  /** One of them. `jobId` is null where the listing of the batch failed. */
  readonly example: { readonly batchId: string; readonly jobId: string | null; readonly message: string }
}

/** Counts of one sink. */
export interface SinkReport {
  readonly sink: string
  readonly id: string
  readonly stored: number
  /** Bytes of the jobs it stored in this run. */
  readonly bytes: number
  /** Records that wait for it. */
  readonly queued: number
  /** Why it took no more, where it failed. */
  readonly error: string | null
  /** What readers of the sink must know, as its `finish` returned it. */
  readonly notice: string | null
}

/** Values that a filter could have named, as skipped jobs have them: at most 20 of each, each cut at 100 characters. */
export interface SeenValues {
  /** Statuses of jobs that `wanted` left out. */
  readonly statuses: ReadonlyArray<string>
  /** Labels that `wantedResult` read in the results that it left out. */
  readonly labels: ReadonlyArray<string>
}

/** The state of an export, now or at its end. */
export interface ExportReport {
  /**
   * Whether nothing is missing of what was asked for: every listing read to its end, or to the limit; no job failed or
   * left; no sink failed; the filters matched something; every job that a refresh names is listed. Unfinished jobs are not
   * missing.
   */
  readonly complete: boolean
  /** Whether jobs were skipped and no job matched the filters (`wanted`, `wantedResult`). `seen` has what there was. */
  readonly noMatch: boolean
  readonly seen: SeenValues
  /** Jobs that a `Refresh` names and that no batch lists. Empty until every listing has been read to its end. */
  readonly notListed: ReadonlyArray<string>
  /** Whether there were more jobs to fetch than the run's limit allowed. */
  readonly limited: boolean
  /** Whether the run was stopped before its end. */
  readonly stopped: boolean
  readonly batches: ReadonlyArray<BatchReport>
  readonly failures: ReadonlyArray<FailureGroup>
  readonly sinks: ReadonlyArray<SinkReport>
  /** Jobs being fetched. */
  readonly inFlight: number
  readonly seconds: number
}

/** What {@link isComplete} reads of a report. */
export type Parts = Pick<ExportReport, "batches" | "limited" | "noMatch" | "notListed"> & {
  readonly sinks: ReadonlyArray<Pick<SinkReport, "error">>
}

/** Returns `ExportReport.complete` for the other parts of a report. */
export const isComplete = ({ batches, limited, noMatch, notListed, sinks }: Parts): boolean =>
  !noMatch && notListed.length === 0 && sinks.every(({ error }) => error === null)
  && batches.every(({ failed, isListed, left, listingError }) =>
    (isListed || (limited && listingError === null)) && failed === 0 && left === 0
  )

/**
 * Returns `ExportReport.noMatch` for the counts of all batches. A filter of results says nothing of unfinished jobs: with
 * one (`byResult`), these do not count as matches.
 */
export const matchedNothing = (batches: ReadonlyArray<BatchReport>, byResult: boolean): boolean =>
  batches.some(({ skipped }) => skipped > 0)
  && batches.every(({ listed, unfinished }) => listed === (byResult ? unfinished : 0))
