/**
 * What happens in an export, as its one output: `Export.stream` gives these events, and reports, progress, and telemetry
 * are folds over them (`ExportReport.apply`).
 */
import type { BatchRef } from "./Job.ts"
import type { Unreachable } from "./JobFetch.ts"
import type { Branch, Capabilities, Receipt, RunEnd } from "./JobSink.ts"
import type { JobFailure } from "./Ledger.ts"
import type { Problem } from "./ResultDocument.ts"
import type { Unsized } from "./Sizes.ts"

/** Names the job that an event is about. */
interface OfJob extends BatchRef {
  readonly jobId: string
}

/** Names the jobs of one batch that an event is about: those of a page of the listing, or a single one. */
interface OfJobs extends BatchRef {
  readonly jobIds: ReadonlyArray<string>
}

/** Says why a job failed. */
interface FailedAttempts {
  readonly error: JobFailure
  /** Attempts since the job was last stored, this one included. */
  readonly attempts: number
}

/** An event of a run. Each is a plain object. */
export type JobEvent = RunEvent | ListingEvent | FetchEvent | SinkEvent

/** The course of a run. */
export type RunEvent =
  /** The first event: what the run is for. */
  | {
    readonly _tag: "Started"
    readonly batches: ReadonlyArray<BatchRef>
    readonly sinks: ReadonlyArray<
      { readonly sink: string; readonly id: string; readonly visibility: Capabilities["visibility"] }
    >
    readonly filter: Filter
  }
  /** A pass over the listings begins, and with it a new count of the jobs in them. Only a run that follows has several. */
  | { readonly _tag: "PassStarted"; readonly pass: number }
  /** There is more to fetch than the limit of the run allows. */
  | { readonly _tag: "LimitReached" }
  /** Jobs that a `Refresh` names and that no listing of the run has shown. */
  | { readonly _tag: "NotListed"; readonly jobIds: ReadonlyArray<string> }
  /** The run was asked to stop: no further job is begun. */
  | { readonly _tag: "Stopping" }
  /** The last event of a run that did not fail. */
  | { readonly _tag: "Ended"; readonly seconds: number }

/** Which filter the run has: one of results (`filterResult`), one of the listing alone (`filter`), or none. */
export type Filter = "none" | "listing" | "result"

/** What the listings say. */
export type ListingEvent =
  /** A number of further jobs are listed. Other events report the outcome of each. */
  | BatchRef & { readonly _tag: "Listed"; readonly count: number }
  /** The run is not for these jobs. `statuses` and `labels` are values by which a filter left them out. */
  | OfJobs & {
    readonly _tag: "Skipped"
    readonly statuses: ReadonlyArray<string>
    readonly labels: ReadonlyArray<string>
  }
  /** The sinks hold these jobs: by the listing, or, with `isFetched`, since the same bytes were fetched again. */
  | OfJobs & {
    readonly _tag: "Unchanged"
    readonly isFetched: boolean
    /** Whether an earlier pass of this run has exported them: they count as exported. */
    readonly isExported: boolean
  }
  /** The platform has no result for these jobs yet. */
  | OfJobs & { readonly _tag: "Unfinished" }
  /** It failed in an earlier run with an error that is not retryable, and was not tried. Counted as failed. */
  | OfJob & FailedAttempts & { readonly _tag: "StillFailed" }
  /** These jobs were stored once and are no longer listed. Nothing is deleted. */
  | OfJobs & { readonly _tag: "Delisted" }
  /** The listing of the batch was read to its end. */
  | BatchRef & { readonly _tag: "BatchListed" }
  /** The listing of the batch could not be read to its end. */
  | BatchRef & { readonly _tag: "BatchFailed"; readonly error: JobFailure }

/** What becomes of the jobs that are fetched. */
export type FetchEvent =
  /** Its result and files are being fetched. */
  | OfJob & { readonly _tag: "Fetching" }
  /** Its fetching has ended, with any outcome. */
  | OfJob & { readonly _tag: "Fetched" }
  /** Every sink that lacked it has stored it. */
  | OfJob & {
    readonly _tag: "Exported"
    /** Whether an earlier revision was replaced. */
    readonly changed: boolean
    /** Bytes of the result document and its files. */
    readonly bytes: number
    /** Whether its result is of no known shape. */
    readonly isUnknown: boolean
    /** How many of its values could not be stored as they were sent. */
    readonly problems: number
    /** The first of them. */
    readonly problem: Problem | null
  }
  /**
   * Sizes of a number of its images were not found. Comes after `Exported`, or after the `Stored` of a backfill, once
   * for each sink that is filled.
   */
  | OfJob & { readonly _tag: "Unsized"; readonly unsized: ReadonlyArray<Unsized> }
  /** Inputs of it could not be fetched: the sinks store it without them. Comes after `Exported` or `Unchanged`. */
  | OfJob & { readonly _tag: "Unreachable"; readonly unreachable: ReadonlyArray<Unreachable> }
  /** It could not be read in the listing, could not be fetched, or a sink could not store it. */
  | OfJob & FailedAttempts & { readonly _tag: "Failed" }

/** What the sinks do. `sink` is `JobSink.id`. */
export type SinkEvent =
  /** A sink has stored jobs. `isBackfill`: they came from another sink, not from GT Studio. */
  | {
    readonly _tag: "Stored"
    readonly sink: string
    readonly receipts: ReadonlyArray<Receipt>
    readonly isBackfill: boolean
  }
  /** A sink takes no more, or could not end the run. */
  | { readonly _tag: "SinkFailed"; readonly sink: string; readonly message: string }
  /**
   * A sink was notified that the run ended with this outcome. `notice` says what its readers must know, if anything.
   * `unpublished` are the branches of other writers whose jobs readers do not see.
   */
  | {
    readonly _tag: "SinkFinished"
    readonly sink: string
    readonly outcome: RunEnd["outcome"]
    readonly notice: string | null
    readonly unpublished: ReadonlyArray<Branch>
  }
