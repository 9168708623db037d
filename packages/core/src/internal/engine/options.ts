/** What an export is asked for, checked before anything is opened. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ContentError } from "../../Content.ts"
import { check as checkFollow, type Options as FollowOptions } from "../../Follow.ts"
import type { GtStudioError } from "../../GtStudioError.ts"
import type { AttachmentChoice, BatchRef, JobSummary } from "../../Job.ts"
import type { JobEvent } from "../../JobEvent.ts"
import { type Capabilities, type JobSink, SinkError } from "../../JobSink.ts"
import type { LedgerError } from "../../Ledger.ts"
import * as LoadId from "../../LoadId.ts"
import * as OptionErrors from "../../OptionError.ts"
import type { ResultDocument } from "../../ResultDocument.ts"
import { check as checkSelection, type Selection } from "../../Selection.ts"
import { check as checkSizes, type Source } from "../../Sizes.ts"
import { checkAttachments } from "../attachmentChoice.ts"

/**
 * Jobs fetched at the same time by default. Two of the three requests of a job go to the API, so this many keep busy
 * the 64 requests that `GtStudio` allows there, while others wait for the storage.
 */
export const defaultConcurrency = 96

/** What to export and how. */
export interface Options {
  readonly batches: ReadonlyArray<BatchRef>
  /** At least one, each with its own target. */
  readonly sinks: ReadonlyArray<JobSink>
  /** Which finished jobs are fetched. Default: `Selection.newJobs`, what is new or changed, and failures that may pass. */
  readonly selection?: Selection
  /**
   * Which of the selected jobs the run is for, by what the listing says of them. Default: all. The others are left alone, and
   * count as `skipped` and not as listed.
   */
  readonly filter?: (job: JobSummary) => boolean
  /**
   * As `filter`, by what a result holds. Each run fetches every result to find out, before its files. Jobs that a sink
   * holds from an earlier run stay. Default: all.
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
  /** `JobRecord.lease`, from 1, for several processes that write to the same sinks. Default: none. */
  readonly lease?: number
  /** Which files are fetched with a result document. Default: `results`. */
  readonly attachments?: AttachmentChoice
  /**
   * Where to get sizes of images without a mask or stored input. Default: nowhere. A `Refresh` with it also stores
   * unchanged jobs, so that sinks get the sizes; sinks that append are left as they are.
   */
  readonly sizes?: Source
  /** Most jobs in flight, from 1. Default: 96, {@link defaultConcurrency}. `GtStudio` bounds requests by itself. */
  readonly concurrency?: number
  /**
   * How long jobs in flight may take after a stop before they are abandoned. What they fetched is stored within one second
   * more; a sink that has not responded then is abandoned too. Default: 10 seconds.
   */
  readonly grace?: Duration.Input
  /**
   * Lists the batches repeatedly while jobs are in progress, and exports those that become finished. The report counts
   * the jobs as last listed; `exported` counts those of all passes. `selection` is for the first pass, `New` for later
   * ones; a `Retry` has no listing and follows nothing. Remembers the ids exported: about 100 bytes per job. Default:
   * one pass.
   */
  readonly follow?: FollowOptions
  /** Is called with every event as it happens. Must be quick; it must not throw. `Export.stream` waits for a slow consumer. */
  readonly onEvent?: (event: JobEvent) => void
}

/** Why an export could not run, or not to its end. What was stored before stays stored and recorded. */
export type ExportError = GtStudioError | SinkError | LedgerError | ContentError | OptionErrors.OptionError

const callback = OptionErrors.given(OptionErrors.callback)

/** A sink as `make` returns it, and not a function that makes one. */
export const sinkIn = (option: string, value: unknown) =>
  typeof value === "object" && value !== null && "open" in value && "capabilities" in value
    ? Effect.void
    : Effect.fail(
      new OptionErrors.OptionError({ option, detail: "must be a sink, such as FilesSink.make(...) returns" })
    )

/** Checks the sinks of an export: one at least, with their own targets, that declare what can be. */
const checkSinks = Effect.fnUntraced(function*(sinks: ReadonlyArray<JobSink>) {
  yield* OptionErrors.each("sinks", sinks, sinkIn)
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
})

/** The options of an export, checked, with their defaults. */
export const checkOptions = Effect.fnUntraced(function*(options: Options) {
  const { concurrency = defaultConcurrency, grace = Duration.seconds(10), limit, load } = options
  const batches = yield* OptionErrors.each("batches", options.batches, OptionErrors.batch)
  yield* checkSizes(options.sizes)
  yield* checkSelection(options.selection)
  if (options.follow !== undefined) yield* checkFollow(options.follow, "follow.")
  yield* checkAttachments(options.attachments)
  yield* OptionErrors.given(OptionErrors.flag)("repair", options.repair)
  yield* OptionErrors.given(OptionErrors.count)("lease", options.lease)
  yield* callback("filter", options.filter)
  yield* callback("filterResult", options.filterResult)
  yield* callback("onEvent", options.onEvent)
  yield* checkSinks(options.sinks)
  return {
    batches: eachOnce(batches),
    concurrency: yield* OptionErrors.count("concurrency", concurrency),
    grace: yield* OptionErrors.duration("grace", grace),
    limit: limit === undefined ? Number.POSITIVE_INFINITY : yield* OptionErrors.count("limit", limit),
    load: load === undefined ? yield* LoadId.make : yield* OptionErrors.count("load", load)
  }
})

/** Why `writers` contradicts what else is declared; undefined if it does not. */
const contradiction = ({ keying, visibility, writers }: Capabilities): string | undefined => {
  if (visibility === "finish" && writers !== "single") {
    return "must be single with visibility finish, as one process publishes what all have stored"
  }
  return writers === "direct" && (keying !== "upsert" || visibility !== "commit")
    ? "cannot be direct without keying upsert and visibility commit, as nothing merges what several have stored"
    : undefined
}

/** Checks what a sink declares: with batches that hold nothing, a run would never end, and no merge calls `finish`. */
export const checkCapabilities = (capabilities: Capabilities) => {
  const { batch, concurrentBatches } = capabilities
  const detail = contradiction(capabilities)
  return Effect.all([
    detail === undefined
      ? Effect.void
      : Effect.fail(new OptionErrors.OptionError({ option: "capabilities.writers", detail })),
    OptionErrors.count("capabilities.concurrentBatches", concurrentBatches),
    OptionErrors.count("capabilities.batch.maxRecords", batch.maxRecords),
    OptionErrors.positive("capabilities.batch.maxBytes", batch.maxBytes),
    OptionErrors.duration("capabilities.batch.maxAge", batch.maxAge)
  ], { discard: true })
}

const misconfigured = (sink: JobSink, detail: string) =>
  Effect.fail(new SinkError({ sink: sink.name, step: "open", reason: "misconfigured", detail }))

/** A batch that is named twice is listed once. */
export const eachOnce = (batches: ReadonlyArray<BatchRef>): ReadonlyArray<BatchRef> =>
  batches.filter(({ batchId, projectId }, index) =>
    batches.findIndex((other) => other.batchId === batchId && other.projectId === projectId) === index
  ).map(({ batchId, projectId }) => ({ projectId, batchId }))
