/**
 * Delivers what one sink holds to others, without the platform: an export whose listing is the ledger's, and whose jobs
 * come from the source alone. It can be stopped, killed, and run again, as an export can. The source is read and never
 * opened, so it may be of an older version, or on a disk that cannot be written.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as Export from "./Export.ts"
import * as GtStudio from "./GtStudio.ts"
import { type About, GtStudioError, NotReplayable, type Subject } from "./GtStudioError.ts"
import { sinkIn } from "./internal/engine/options.ts"
import { reconcile } from "./internal/engine/prepare.ts"
import type { BatchRef } from "./Job.ts"
import { type JobSink, type OpenSink, SinkError } from "./JobSink.ts"
import { type JobKey, Ledger, type LedgerEntry, type LedgerError } from "./Ledger.ts"
import * as OptionError from "./OptionError.ts"

/** What to convert. */
export interface Options extends Pick<Export.Options, "grace" | "onEvent" | "sizes"> {
  /** The sink that holds the jobs; it must be one that can `replay`. */
  readonly from: JobSink
  /** The sinks that get them, each with its own target. */
  readonly to: ReadonlyArray<JobSink>
  /** Ids of the batches to deliver. Default: all that the source holds. */
  readonly batchIds?: ReadonlyArray<string>
}

/** An export that asks no platform, and the services that it runs with. */
export interface Conversion {
  readonly export: Export.Options
  readonly context: Context.Context<GtStudio.GtStudio | Ledger>
}

/**
 * Makes the export that delivers the jobs, for `Export.run`, `Export.start` or `Export.stream`. Reconciles the ledger with
 * the source first. In the report, jobs that were delivered count as unchanged and in `SinkReport.backfilled`; a job that
 * the source does not return fails with the reason `NotReplayable`. The ledger does not remember it as failed. Fails with
 * `misconfigured` if the source cannot be replayed, holds no job, or does not hold a batch.
 *
 * Uses the network only for `Sizes.fetch`, and only if a `GtStudio` is provided.
 */
export const make = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<
  Conversion,
  SinkError | LedgerError | OptionError.OptionError,
  Ledger
> {
  const { batchIds, from, to, ...rest } = options
  yield* sinkIn("from", from)
  yield* OptionError.given((option, value) => OptionError.each(option, value, OptionError.text))("batchIds", batchIds)
  const ledger = yield* Ledger
  const online = yield* Effect.serviceOption(GtStudio.GtStudio)
  if (from.replay === undefined) {
    return yield* misconfigured(from, "it cannot give back what it holds: choose a sink that keeps documents")
  }
  const damaged = yield* reconciled(ledger, from)
  const batches = yield* batchesIn(ledger, from, damaged)
  if (batches.length === 0) return yield* misconfigured(from, `it holds no job: check the path of ${from.id}`)
  const unknown = (batchIds ?? []).filter((id) => !batches.some(({ batchId }) => batchId === id))
  if (unknown.length > 0) return yield* misconfigured(from, `it holds no job of batch ${unknown.join(", ")}`)
  return {
    export: {
      ...rest,
      // Nothing can be fetched, so nothing is missing.
      attachments: "none",
      batches: batches.filter(({ batchId }) => batchIds?.includes(batchId) ?? true),
      sinks: [readOnly(from), ...to.map(withoutReplay)]
    },
    context: Context.make(GtStudio.GtStudio, platformOf(ledger, from, damaged, online)).pipe(
      Context.add(Ledger, ledgerOf(ledger, from))
    )
  }
})

const misconfigured = (sink: JobSink, detail: string) =>
  new SinkError({ sink: sink.name, step: "inspect", reason: "misconfigured", detail })

const isIn = (sink: JobSink) => ({ receipts }: LedgerEntry): boolean => receipts.some((of) => of.sink === sink.id)

/** Makes the ledger's receipts say what a sink holds. Returns the jobs that it should hold and does not hold intact. */
const reconciled = Effect.fnUntraced(function*(ledger: Ledger["Service"], sink: JobSink) {
  const damaged = new Map<string, JobKey>()
  const inspect: JobSink["inspect"] = (depth) =>
    Stream.map(sink.inspect(depth), (found) => {
      for (const item of found) {
        if (item._tag !== "Missing" && item._tag !== "Modified") continue
        const { batchId, jobId } = item
        // A published file is of no job, and says nothing of what can be replayed.
        if (batchId === undefined || jobId === undefined || jobId === "") continue
        damaged.set(JSON.stringify([batchId, jobId]), { batchId, jobId })
      }
      return found
    })
  yield* reconcile(ledger, { ...sink, inspect }, "manifest")
  return Array.from(damaged.values())
})

/** The batches of the jobs that a sink holds, or should hold. */
const batchesIn = (
  ledger: Ledger["Service"],
  sink: JobSink,
  damaged: ReadonlyArray<JobKey>
): Effect.Effect<ReadonlyArray<BatchRef>, LedgerError> =>
  Effect.map(
    Stream.runFold(ledger.entries({}), () => new Map<string, BatchRef>(), (batches, entries) => {
      for (const { batchId, projectId } of entries.filter(isIn(sink))) {
        batches.set(JSON.stringify([projectId, batchId]), { projectId, batchId })
      }
      return batches
    }),
    (found) => {
      const batches = Array.from(found.values())
      // A sink does not say whose a damaged job is: uses the project of the others in its batch, or else of any job.
      for (const { batchId } of damaged) {
        if (batches.some((batch) => batch.batchId === batchId)) continue
        batches.push({ projectId: batches[0]?.projectId ?? "", batchId })
      }
      return batches
    }
  )

/** The source: nothing is written to it, so it is not locked. */
const readOnly = (sink: JobSink): JobSink => {
  const { branches: _, ...source } = sink
  const refused = Effect.fail(
    new SinkError({ sink: sink.name, step: "stage", reason: "misconfigured", detail: "a conversion only reads it" })
  )
  const session: OpenSink = {
    stage: () => refused,
    commit: () => refused,
    abort: () => Effect.void,
    finish: () => Effect.void
  }
  // What it holds is known, and a conversion publishes nothing of it.
  const capabilities = { ...sink.capabilities, visibility: "commit", writers: "single", inspectable: false } as const
  return { ...source, capabilities, check: Effect.void, open: Effect.succeed(session) }
}

/** A target, which gives nothing back to the source. */
const withoutReplay = (sink: JobSink): JobSink => {
  const { replay: _, ...target } = sink
  return target
}

/** The ledger of a conversion: the source has what it lacks no less than any target, and nothing fails in the platform. */
const ledgerOf = (ledger: Ledger["Service"], from: JobSink): Ledger["Service"] => ({
  ...ledger,
  countReceipts: (sink) => sink === from.id ? Effect.succeed(Number.POSITIVE_INFINITY) : ledger.countReceipts(sink),
  entries: (filter) => filter.notObservedIn === undefined ? ledger.entries(filter) : Stream.empty,
  record: (outcomes) => ledger.record(outcomes.filter(({ _tag }) => _tag !== "Failed"))
})

/** A platform that lists what the source holds and has no result of it. */
const platformOf = (
  ledger: Ledger["Service"],
  from: JobSink,
  damaged: ReadonlyArray<JobKey>,
  online: Option.Option<GtStudio.GtStudio["Service"]>
): GtStudio.GtStudio["Service"] => {
  const none = (operation: Subject["operation"], about: About = {}) =>
    new GtStudioError({
      subject: { operation, ...about },
      reason: new NotReplayable({ source: from.id }),
      attempts: 1
    })
  const page = (entries: ReadonlyArray<LedgerEntry>): GtStudio.JobPage => ({
    number: 1,
    malformed: [],
    jobs: entries.filter(isIn(from)).map(({ jobId, listed, referenceId }) => ({
      id: jobId,
      referenceId,
      ...listed,
      tag: null,
      priorityWeight: null
    }))
  })
  const damagedPage = ({ batchId }: BatchRef): GtStudio.JobPage => ({
    number: 1,
    malformed: [],
    jobs: damaged.filter((job) => job.batchId === batchId).map(({ jobId }) => ({
      id: jobId,
      referenceId: null,
      status: "completed",
      frames: null,
      annotations: null,
      tag: null,
      priorityWeight: null
    }))
  })
  // What cannot be read in the ledger here cannot be written to it either, and ends the run there.
  const entries = (batch: BatchRef) => Stream.orDie(ledger.entries({ batch, stage: "stored" }))
  const pages = (batch: BatchRef) =>
    Stream.concat(Stream.map(entries(batch), page), Stream.suspend(() => Stream.make(damagedPage(batch))))
  return {
    project: (projectId) => none("project", { projectId }),
    pages,
    jobSummaries: (batch) => Stream.flatMap(pages(batch), ({ jobs }) => Stream.fromIterable(jobs)),
    jobResult: (projectId, jobId) => none("job", { projectId, jobId }),
    resolve: (_, about) => none("attachment", about),
    attachment: (_, about) => Stream.fail(none("attachment", about)),
    download: (_, about) => none("attachment", about),
    firstBytes: Option.match(online, {
      onNone: () => (_, about) => none("attachment", about),
      onSome: ({ firstBytes }) => firstBytes
    }),
    activity: Effect.succeed({ requests: 0, retries: 0, trouble: undefined, origins: [] })
  }
}
