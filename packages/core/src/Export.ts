/**
 * An export: batches of the platform into sinks. It is the composition of the listing, the ledger's word on what is
 * new, the fetching of jobs and the sinks' batches, with what a long run needs: one bad job stops nothing, a stop drains
 * what is in flight, and the counts always add up.
 */
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import type { ContentError } from "./Content.ts"
import type { ExportReport } from "./ExportReport.ts"
import { nextLook, type Options as FollowOptions } from "./Follow.ts"
import { GtStudio } from "./GtStudio.ts"
import type { GtStudioError } from "./GtStudioError.ts"
import { exportRun, type Fatal, type Look } from "./internal/exportRun.ts"
import type { Delivery } from "./internal/fetchedJob.ts"
import { fill } from "./internal/fill.ts"
import { monotonicMillis } from "./internal/monotonic.ts"
import { ParseBudget } from "./internal/parseBudget.ts"
import { agree, reconcile } from "./internal/reconcile.ts"
import { type Settled, SinkRunner } from "./internal/sinkRunner.ts"
import { Tally } from "./internal/tally.ts"
import { ExportWatch } from "./internal/telemetry/exportWatch.ts"
import type { BatchRef, JobSummary } from "./Job.ts"
import type { AttachmentChoice } from "./JobFetch.ts"
import { type InspectDepth, type JobSink, type Receipt, SinkError } from "./JobSink.ts"
import { Ledger, type LedgerError, type LedgerFailure } from "./Ledger.ts"
import type { ResultDocument } from "./ResultDocument.ts"
import type { Selection } from "./Selection.ts"

export type { Selection }

/** Something that became of one job, told as it happens. */
export type JobEvent =
  /** Every sink that lacked it has stored it. `changed`: an earlier revision was replaced. */
  | { readonly _tag: "Exported"; readonly batchId: string; readonly jobId: string; readonly changed: boolean }
  /** It was fetched again, and the sinks hold the same bytes. */
  | { readonly _tag: "Unchanged"; readonly batchId: string; readonly jobId: string }
  | { readonly _tag: "Failed"; readonly batchId: string; readonly jobId: string; readonly error: LedgerFailure }
  /** It failed in an earlier run with an error that does not pass by itself, and was not tried. Counted as failed. */
  | { readonly _tag: "StillFailed"; readonly batchId: string; readonly jobId: string; readonly error: LedgerFailure }
  /** It was stored once and is no longer listed. Nothing is deleted. */
  | { readonly _tag: "Vanished"; readonly batchId: string; readonly jobId: string }

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
  readonly wanted?: (job: JobSummary) => boolean
  /**
   * As `wanted`, by what a result holds: it is fetched to know, before its files, and each run asks again. Default all.
   * What a sink holds of a job from an earlier run stays as it is.
   */
  readonly wantedResult?: (
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
  /** Which files are fetched with a result document. Default `results`. */
  readonly attachments?: AttachmentChoice
  /** Jobs fetched at the same time, from 1. Default {@link defaultConcurrency}; `GtStudio` bounds requests by itself. */
  readonly concurrency?: number
  /** How long jobs in flight may go on after a stop before they are given up. Default 10 seconds. */
  readonly grace?: Duration.Input
  /**
   * Lists the batches again and again while jobs are in work, and exports those that become finished. The report then
   * counts the jobs as last listed; `exported` are those of the whole run. `selection` holds for the first look, `New`
   * for those after it; a `Retry` has no listing and follows nothing. Remembers the ids exported: about 100 bytes a job.
   */
  readonly follow?: FollowOptions
  /** Told of every job that ended, in the order in which they end. Must be quick; it must not throw. */
  readonly onJob?: (event: JobEvent) => void
}

/** Why an export could not be run, or not to its end. What was stored before stays stored and noted. */
export type ExportError = GtStudioError | SinkError | LedgerError | ContentError

/** An export under way. */
export interface RunningExport {
  /** The counts at this moment. */
  readonly report: Effect.Effect<ExportReport>
  /** Begins no further job, lets those in flight end within the grace time, and commits. Returns at once. */
  readonly stop: Effect.Effect<void>
  /** The end: the final report, or what made going on useless. */
  readonly await: Effect.Effect<ExportReport, ExportError>
}

/** Memory for documents that are parsed at the same time, in bytes. */
const parseMemory = 64 * 1024 * 1024

/**
 * Opens the sinks and starts an export in the background; it ends with the scope, where it is cut off if it still runs.
 * Fails where a sink cannot be opened or the ledger cannot be written.
 */
export const start = Effect.fnUntraced(function*(options: Options) {
  const gtStudio = yield* GtStudio
  const ledger = yield* Ledger
  const scope = yield* Effect.scope
  const startedAt = yield* monotonicMillis
  const selection: Selection = options.selection ?? { _tag: "New" }
  const tally = new Tally(eachOnce(options.batches), {
    ...(selection._tag === "Refresh" && selection.jobs !== undefined ? { named: selection.jobs } : {}),
    filtersResults: options.wantedResult !== undefined
  })
  const stop = yield* Deferred.make<void>()
  const cut = yield* Deferred.make<void, Fatal>()
  const runId = crypto.randomUUID()
  yield* distinct(options.sinks)
  // Closed after the sinks and the fibers that use the jobs' contents.
  const contents = yield* Scope.fork(scope)

  const watch = yield* ExportWatch.make(ledger, tally, options.sinks)
  const runners: Array<SinkRunner<Delivery, LedgerError>> = []
  for (const sink of options.sinks) {
    const opened = yield* sink.open
    const open = watch === undefined ? opened : watch.sink(sink, opened)
    const queue = yield* Queue.bounded<Delivery, Cause.Done>(sink.capabilities.batch.maxRecords)
    const settled = (batch: Settled<Delivery>): Effect.Effect<void, LedgerError> => pipeline.settled(runner)(batch)
    const runner = new SinkRunner<Delivery, LedgerError>(sink, open, runId, queue, settled)
    runners.push(runner)
    tally.sinks.set(sink.id, { sink: sink.name, id: sink.id, stored: 0, bytes: 0, error: null, notice: null })
  }

  watch?.queues(runners)

  const follow = selection._tag === "Retry" ? undefined : options.follow
  let look: Look = { run: yield* ledger.begin, selection }
  const pipeline = exportRun({
    gtStudio,
    ledger,
    runners,
    tally,
    look: () => look,
    follows: follow !== undefined,
    scope: contents,
    concurrency: Math.max(1, options.concurrency ?? defaultConcurrency),
    fetch: { attachments: options.attachments ?? "results" },
    wanted: options.wanted ?? (() => true),
    wantedResult: options.wantedResult,
    limit: options.limit ?? Number.POSITIVE_INFINITY,
    parseBudget: new ParseBudget(parseMemory),
    onJob: (event) => {
      watch?.onJob(event)
      options.onJob?.(event)
    },
    watch,
    stop,
    cut
  })

  const report = Effect.map(
    monotonicMillis,
    (now) => tally.report((now - startedAt) / 1000, (id) => runners.find(({ sink }) => sink.id === id)?.queued ?? 0)
  )

  const sinks = yield* Effect.forkScoped(Effect.forEach(
    runners,
    (runner) =>
      Effect.tapCause(
        watch === undefined ? runner.run : watch.within(runner.run),
        (cause) => Deferred.failCause(cut, cause)
      ),
    { concurrency: "unbounded", discard: true }
  ))

  // Sinks whose receipts are all that they hold.
  const agreeing = new Set<SinkRunner<Delivery, LedgerError>>()

  /** Makes the receipts say what the sink holds, and returns whether it lost something that another sink may have. */
  const reconciled = Effect.fnUntraced(function*(runner: SinkRunner<Delivery, LedgerError>) {
    const depth = depthOf(options.repair === true, selection)
    const voided = depth === undefined
      ? yield* agree(ledger, runner.sink)
      : yield* Effect.andThen(ledger.opened(runner.sink.id), reconcile(ledger, runner.sink, depth))
    agreeing.add(runner)
    return voided > 0
  })

  /** Gives a sink that was added later, or has lost jobs, what another one of this export holds already. */
  const fillFromOthers = Effect.fnUntraced(function*(runner: SinkRunner<Delivery, LedgerError>, hasLost: boolean) {
    const target = runner.sink
    for (const { sink: source } of runners) {
      const { replay } = source
      if (source === target || replay === undefined) continue
      if (!hasLost && (yield* ledger.countReceipts(source.id)) <= (yield* ledger.countReceipts(target.id))) continue
      const report = tally.sinks.get(target.id)
      const onStored = ({ bytes }: Receipt) => {
        if (report === undefined) return
        report.stored++
        report.bytes += bytes
      }
      const failure = yield* fill({
        ledger,
        source: { ...source, replay },
        target,
        open: runner.open,
        runId,
        batches: options.batches,
        onStored,
        stop
      })
      if (failure !== undefined) agreeing.delete(runner)
    }
  })

  /** How long to wait until the batches are to be listed again, or undefined when they are not. */
  const untilNextLook = Effect.map(monotonicMillis, (now) => {
    if (follow === undefined || tally.stopped || tally.limited || !tally.batches.some(pipeline.isInWork)) {
      return undefined
    }
    // Every look would fetch again what a sink that has failed cannot take.
    if (runners.some(({ failure }) => failure !== undefined)) return undefined
    return nextLook(follow, startedAt, now)
  })
  const looks = Effect.gen(function*() {
    // All of them first: what one has lost, another may give only where it has not lost it too.
    const lost = yield* Effect.raceFirst(
      Effect.forEach(runners, reconciled),
      Effect.as(Deferred.await(stop), [])
    )
    if (!tally.stopped) yield* Effect.forEach(runners, (runner, index) => fillFromOthers(runner, lost[index] === true))
    yield* pipeline.jobs
    if (follow === undefined) return
    for (;;) {
      // A job on its way into a sink would be taken for one that nobody has fetched.
      const settled = Effect.forEach(runners, (runner) => runner.idle, { discard: true })
      yield* Effect.raceFirst(settled, Deferred.await(cut))
      yield* pipeline.recorded
      const wait = yield* untilNextLook
      if (wait === undefined) return
      yield* Effect.timeoutOption(Deferred.await(stop), wait)
      if (tally.stopped) return
      yield* ledger.end(look.run, tally.runEnd("completed"))
      tally.recount()
      look = { run: yield* ledger.begin, selection: { _tag: "New" } }
      yield* pipeline.jobs
    }
  })

  const main = Effect.gen(function*() {
    const jobs = yield* Effect.exit(looks)
    // What has arrived is stored, whatever ended the run; sinks that have ended before they were told to take nothing more.
    const early = yield* Effect.exit(Effect.raceFirst(pipeline.early, Effect.asVoid(Fiber.await(sinks))))
    for (const runner of runners) yield* runner.end
    yield* Fiber.join(sinks)
    yield* pipeline.recorded
    // A sink that failed may hold what it did not acknowledge.
    for (const { failure, sink } of agreeing) if (failure === undefined) yield* ledger.closed(sink.id)
    if (Exit.isSuccess(jobs)) yield* pipeline.vanished
    const completed = Exit.isSuccess(jobs) && !tally.stopped && tally.batches.every(({ isListed }) => isListed)
    const finished = yield* Effect.forEach(
      runners.filter(({ failure }) => failure === undefined),
      (runner) =>
        Effect.exit(Effect.map(runner.finish({ completed }), (notice) => {
          const report = tally.sinks.get(runner.sink.id)
          if (report !== undefined && typeof notice === "string") report.notice = notice
        }))
    )
    yield* jobs
    yield* early
    // Each sink is told of the end, also when another one could not take it.
    for (const end of finished) yield* end
    yield* ledger.end(look.run, tally.runEnd(tally.stopped ? "stopped" : "completed"))
    return yield* report
  })
  // Whoever waits is told what ended the run, not that this could not be noted either.
  const noteEnd = Effect.andThen(
    pipeline.recorded,
    Effect.suspend(() => ledger.end(look.run, tally.runEnd(tally.stopped ? "stopped" : "broken")))
  )
  const noted = Effect.onExit(main, (exit) => Exit.isSuccess(exit) ? Effect.void : Effect.ignore(noteEnd))
  const fiber = yield* Effect.forkScoped(watch === undefined ? noted : watch.run(noted))

  const grace = Duration.fromInputUnsafe(options.grace ?? Duration.seconds(10))
  const running: RunningExport = {
    report,
    stop: Effect.suspend(() => {
      if (tally.stopped) return Effect.void
      tally.stopped = true
      const cutLater = Effect.andThen(Effect.sleep(grace), Deferred.succeed(cut, undefined))
      return Effect.andThen(Deferred.succeed(stop, undefined), Effect.asVoid(Effect.forkIn(cutLater, scope)))
    }),
    await: Fiber.join(fiber)
  }
  return running
})

/**
 * Runs an export to its end. Interruption stops it gently: jobs in flight end, everything is committed, and only then
 * does the fiber end.
 */
export const run = (options: Options): Effect.Effect<ExportReport, ExportError, GtStudio | Ledger> =>
  Effect.scoped(
    Effect.flatMap(start(options), (running) =>
      Effect.onInterrupt(running.await, () => Effect.andThen(running.stop, Effect.ignore(running.await))))
  )

/** How closely to inspect the sinks whatever the ledger says; undefined where the ledger decides. */
const depthOf = (repair: boolean, selection: Selection): InspectDepth | undefined => {
  if (repair) return "content"
  if (selection._tag !== "Refresh") return undefined
  return selection.jobs === undefined && selection.checkedBefore === undefined ? "content" : "manifest"
}

/** A batch that is named twice is listed once. */
const eachOnce = (batches: ReadonlyArray<BatchRef>): ReadonlyArray<BatchRef> =>
  batches.filter(({ batchId, projectId }, index) =>
    batches.findIndex((other) => other.batchId === batchId && other.projectId === projectId) === index
  )

const distinct = (sinks: ReadonlyArray<JobSink>): Effect.Effect<void, SinkError> => {
  const twice = sinks.find((sink, index) => sinks.findIndex(({ id }) => id === sink.id) !== index)
  return twice === undefined ? Effect.void : Effect.fail(
    new SinkError({
      sink: twice.name,
      step: "open",
      reason: "misconfigured",
      detail: `two sinks would write to the same place, ${twice.id}: give each its own`
    })
  )
}
