/** What an export is asked for, checked before anything is opened. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ContentError } from "../../Content.ts"
import { check as checkFollow, type Options as FollowOptions } from "../../Follow.ts"
import type { GtStudioError } from "../../GtStudioError.ts"
import type { BatchRef, JobSummary } from "../../Job.ts"
import type { JobEvent } from "../../JobEvent.ts"
import type { AttachmentChoice } from "../../JobFetch.ts"
import { type Capabilities, type JobSink, SinkError } from "../../JobSink.ts"
import type { LedgerError } from "../../Ledger.ts"
import * as LoadId from "../../LoadId.ts"
import * as OptionErrors from "../../OptionError.ts"
import type { ResultDocument } from "../../ResultDocument.ts"
import type { Selection } from "../../Selection.ts"
import { check as checkSizes, type Source } from "../../Sizes.ts"

/**
 * Jobs fetched at the same time where nothing else is said: two of the three requests of a job go to the API, so that this
 * many keep the 64 busy that `GtStudio` allows there, while others wait for the storage.
 */
export const defaultConcurrency = 96

/** What to export and how. */
export interface Options {
  readonly batches: ReadonlyArray<BatchRef>
  /** Each with a place of its own. */
  readonly sinks: ReadonlyArray<JobSink>
  /** Which finished jobs are looked at. Default: what is new or changed, and failures that may pass. */
  readonly selection?: Selection
  /**
   * Which of the selected jobs the run is for, by what the listing says of them. Default all. The others are neither
   * counted as listed nor touched, but as `skipped`.
   */
  readonly filter?: (job: JobSummary) => boolean
  /**
   * As `filter`, by what a result holds: it is fetched to know, before its files, and each run asks again. Default all.
   * What a sink holds of a job from an earlier run stays as it is.
   */
  readonly filterResult?: (
    document: ResultDocument,
    job: { readonly batchId: string; readonly jobId: string }
  ) => Effect.Effect<boolean, ContentError>
  /**
   * Most jobs that are fetched, from 1. Default: no limit. With the first job beyond it the listings end: what comes after
   * it is not counted at all, and the report says `limited`.
   */
  readonly limit?: number
  /**
   * Reads and hashes all that the sinks hold before the listing, and restores what is missing or modified: from another
   * sink of the run that holds it, and else from GT Studio. A `Refresh` of all finished jobs does so by itself; one of
   * chosen jobs restores what is missing by the sinks' own records. Default: false.
   */
  readonly repair?: boolean
  /** The run's id in `jobs.load_id`, for several processes of one export. Default: a new one, see `LoadId`. */
  readonly load?: number
  /** Which files are fetched with a result document. Default `results`. */
  readonly attachments?: AttachmentChoice
  /**
   * Where sizes of images come from that neither a mask nor a stored input has. Default: nowhere. A `Refresh` with it also
   * stores jobs that did not change, so that sizes reach the sinks that hold them; sinks that append are left as they are.
   */
  readonly sizes?: Source
  /** Jobs fetched at the same time, from 1. Default: 96. `GtStudio` bounds requests by itself. */
  readonly concurrency?: number
  /**
   * How long jobs in flight may go on after a stop before they are given up. What they fetched is stored within one second
   * more; a sink that has not answered then is given up too. Default 10 seconds.
   */
  readonly grace?: Duration.Input
  /**
   * Lists the batches again and again while jobs are in work, and exports those that become finished. The report then
   * counts the jobs as last listed; `exported` are those of the whole run. `selection` holds for the first look, `New`
   * for those after it; a `Retry` has no listing and follows nothing. Remembers the ids exported: about 100 bytes a job.
   */
  readonly follow?: FollowOptions
  /** Told of every event as it happens. Must be quick; it must not throw. `Export.stream` waits for a slow consumer. */
  readonly onEvent?: (event: JobEvent) => void
}

/** Why an export could not be run, or not to its end. What was stored before stays stored and noted. */
export type ExportError = GtStudioError | SinkError | LedgerError | ContentError | OptionErrors.OptionError

/** What is checked. */
type Checked = Pick<Options, "batches" | "sinks" | "follow" | "grace" | "limit" | "load" | "sizes"> & {
  readonly concurrency: number
}

/** The numbers of an export, with their defaults. */
export const checkOptions = Effect.fnUntraced(function*(options: Checked) {
  const { concurrency, follow, grace = Duration.seconds(10), limit, load, sinks, sizes } = options
  yield* checkSizes(sizes)
  if (follow !== undefined) yield* checkFollow(follow, "follow.")
  if (sinks.length === 0) {
    return yield* new OptionErrors.OptionError({ option: "sinks", detail: "must name a sink to store the jobs in" })
  }
  const twice = sinks.find((sink, index) => sinks.findIndex(({ id }) => id === sink.id) !== index)
  if (twice !== undefined) {
    return yield* misconfigured(twice, `two sinks would write to the same place, ${twice.id}: give each its own`)
  }
  for (const sink of sinks) {
    yield* Effect.catch(
      checkCapabilities(sink.capabilities),
      ({ message }) => misconfigured(sink, `what it declares cannot be: ${message}`)
    )
  }
  return {
    batches: eachOnce(options.batches),
    concurrency: yield* OptionErrors.count("concurrency", concurrency),
    grace: yield* OptionErrors.duration("grace", grace),
    limit: limit === undefined ? Number.POSITIVE_INFINITY : yield* OptionErrors.count("limit", limit),
    load: load === undefined ? yield* LoadId.make : yield* OptionErrors.count("load", load)
  }
})

/** Checks what a sink declares: with batches that hold nothing, a run would never end, and no merge calls `finish`. */
export const checkCapabilities = ({ batch, concurrentBatches, visibility, writers }: Capabilities) =>
  Effect.all([
    visibility === "finish" && writers === "many"
      ? Effect.fail(
        new OptionErrors.OptionError({
          option: "capabilities.writers",
          detail: "must be single with visibility finish, as one process publishes what all have stored"
        })
      )
      : Effect.void,
    OptionErrors.count("capabilities.concurrentBatches", concurrentBatches),
    OptionErrors.count("capabilities.batch.maxRecords", batch.maxRecords),
    OptionErrors.positive("capabilities.batch.maxBytes", batch.maxBytes),
    OptionErrors.duration("capabilities.batch.maxAge", batch.maxAge)
  ], { discard: true })

const misconfigured = (sink: JobSink, detail: string) =>
  Effect.fail(new SinkError({ sink: sink.name, step: "open", reason: "misconfigured", detail }))

/** A batch that is named twice is listed once. */
export const eachOnce = (batches: ReadonlyArray<BatchRef>): ReadonlyArray<BatchRef> =>
  batches.filter(({ batchId, projectId }, index) =>
    batches.findIndex((other) => other.batchId === batchId && other.projectId === projectId) === index
  ).map(({ batchId, projectId }) => ({ projectId, batchId }))
