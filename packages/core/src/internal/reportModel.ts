/** What a report holds. */
import type { Filter } from "../JobEvent.ts"
import type { Unreachable } from "../JobFetch.ts"
import type { Unsized } from "../Sizes.ts"
import type { BatchReport, FailureGroup } from "./batchReport.ts"

/** Counts of one sink. */
export interface SinkReport {
  readonly sink: string
  readonly id: string
  readonly stored: number
  /** How many of these came from another sink of the run, and not from GT Studio. */
  readonly backfilled: number
  /** Bytes of the jobs it stored in this run. */
  readonly bytes: number
  /** Jobs that it was given and has not stored yet. */
  readonly queued: number
  /** Why it stopped storing; null if it did not. */
  readonly error: string | null
  /**
   * Whether readers see what is stored. With `visibility: "finish"`, they do from a `finish` of this run at its end, and not
   * after a stop; else always, unless branches of other writers hold jobs.
   */
  readonly isPublished: boolean
  /** What readers of the sink must know: what its `finish` returned, and which branches are not published. */
  readonly notice: string | null
}

/** Values that a filter could have named, from the skipped jobs: at most 20 of each, each of at most 100 characters. */
export interface SeenValues {
  /** Statuses of jobs that `filter` left out. */
  readonly statuses: ReadonlyArray<string>
  /** Labels that `filterResult` read in the results that it left out. */
  readonly labels: ReadonlyArray<string>
}

/** The state of an export, now or at its end. */
export interface ExportReport {
  /**
   * Whether nothing that was asked for is missing. Every listing was read to its end, or to the limit. No job failed or is
   * remaining. No sink failed, and each has published. The filters matched something. Every job that a refresh names is
   * listed. Unfinished jobs are not missing.
   */
  readonly complete: boolean
  /** Which filter the run had. */
  readonly filter: Filter
  /** Whether jobs were skipped and no job matched the filter. `seen` has what there was. */
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
  /** Images of stored jobs whose size was not found, by reason: at most 20 reasons. */
  readonly unsized: ReadonlyArray<Unsized>
  /** Inputs of fetched jobs that could not be fetched, by reason: at most 20 reasons. They fail no job. */
  readonly unreachable: ReadonlyArray<Unreachable>
  readonly sinks: ReadonlyArray<SinkReport>
  /** Jobs whose fetching has begun, in all passes. */
  readonly begun: number
  /** Jobs whose fetching has ended, with or without success. */
  readonly fetched: number
  readonly seconds: number
}
