/**
 * An export: batches of the platform into sinks. It is the composition of the listing, the ledger's word on what is
 * new, the fetching of jobs and the sinks' batches, with what a long run needs: one bad job stops nothing, a stop drains
 * what is in flight, and the counts always add up.
 */
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
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
import { checkOptions } from "./internal/engine/checkExport.ts"
import { Ending } from "./internal/engine/ending.ts"
import { exportRun, type Fatal, type Look } from "./internal/engine/exportRun.ts"
import type { Delivery } from "./internal/engine/fetchedJob.ts"
import { fill } from "./internal/engine/fill.ts"
import { oldest } from "./internal/engine/oldest.ts"
import { ParseBudget } from "./internal/engine/parseBudget.ts"
import { agree, reconcile } from "./internal/engine/reconcile.ts"
import { type Settled, SinkRunner } from "./internal/engine/sinkRunner.ts"
import { Tally } from "./internal/engine/tally.ts"
import { monotonicMillis } from "./internal/monotonic.ts"
import { ExportWatch } from "./internal/telemetry/exportWatch.ts"
import type { BatchRef, JobSummary } from "./Job.ts"
import type { AttachmentChoice } from "./JobFetch.ts"
import type { InspectDepth, JobSink, Receipt, RunEnd, SinkError } from "./JobSink.ts"
import { Ledger, type LedgerError, type LedgerFailure } from "./Ledger.ts"
import type { OptionError } from "./OptionError.ts"
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
  /** Told of every job that ended, in the order in which they end. Must be quick; it must not throw. */
  readonly onJob?: (event: JobEvent) => void
}

/** Why an export could not be run, or not to its end. What was stored before stays stored and noted. */
export type ExportError = GtStudioError | SinkError | LedgerError | ContentError | OptionError

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

/** A sink that is fed in a fiber of its own, which ends when the sink is closed. */
interface Fed {
  readonly runner: SinkRunner<Delivery, LedgerError>
  readonly fiber: Fiber.Fiber<Exit.Exit<string | void, SinkError>, SinkError | LedgerError>
}

/**
 * Opens the sinks and starts an export in the background; it ends with the scope, where it is cut off if it still runs.
 * Sinks are closed when the export has ended. Fails where a sink cannot be opened or the ledger cannot be written, and
 * with an `OptionError` where an option cannot be meant.
 */
export const start = Effect.fnUntraced(function*(options: Options) {
  const { batches, concurrency, grace, limit } = yield* checkOptions({
    ...options,
    concurrency: options.concurrency ?? defaultConcurrency
  })
  const gtStudio = yield* GtStudio
  const ledger = yield* Ledger
  const scope = yield* Effect.scope
  const startedAt = yield* monotonicMillis
  const first = yield* firstLook(options, batches, limit)
  const { selection } = first
  const named = selection._tag === "Refresh" ? selection.jobs : undefined
  const tally = new Tally(batches, {
    named,
    hasMore: first.oldest?.hasMore === true,
    filters: options.wanted !== undefined || options.wantedResult !== undefined,
    filtersResults: options.wantedResult !== undefined
  })
  const runId = crypto.randomUUID()
  // Closed after the sinks and the fibers that use the jobs' contents.
  const contents = yield* Scope.fork(scope)
  const ending = yield* Ending.make<Fatal>(grace)
  const { cut, stop } = ending
  const ended = yield* Deferred.make<RunEnd>()

  const watch = yield* ExportWatch.make(ledger, tally, options.sinks)

  /** Opens a sink and feeds it until the run has ended; then tells it so, and closes it. */
  const feed = Effect.fnUntraced(function*(sink: JobSink) {
    const opened = yield* Deferred.make<Fed["runner"], SinkError | LedgerError>()
    const life = Effect.gen(function*() {
      const open = yield* sink.open
      const queue = yield* Queue.bounded<Delivery, Cause.Done>(sink.capabilities.batch.maxRecords)
      const settled = (batch: Settled<Delivery>): Effect.Effect<void, LedgerError> => pipeline.settled(runner)(batch)
      const watched = watch === undefined ? open : watch.sink(sink, open)
      const runner = new SinkRunner<Delivery, LedgerError>(sink, watched, runId, queue, settled)
      yield* Deferred.succeed(opened, runner)
      const run = watch === undefined ? runner.run : watch.within(runner.run)
      yield* Effect.tapCause(run, (cause) => Deferred.failCause(cut, cause))
      const end = yield* Deferred.await(ended)
      return yield* Effect.exit(runner.failure === undefined ? runner.finish(end) : Effect.void)
    })
    const fiber = yield* ending.fork(
      Effect.tapCause(Effect.scoped(life), (cause) => Deferred.failCause(opened, cause))
    )
    return { fiber, runner: yield* Deferred.await(opened) }
  })

  const fed: Array<Fed> = []
  for (const sink of options.sinks) {
    fed.push(yield* feed(sink))
    tally.sinks.set(sink.id, { sink: sink.name, id: sink.id, stored: 0, bytes: 0, error: null, notice: null })
  }
  const runners = fed.map(({ runner }) => runner)
  watch?.queues(runners)

  const follow = selection._tag === "Retry" ? undefined : options.follow
  let look: Look = { run: yield* ledger.begin, ...first }
  const pipeline = exportRun({
    gtStudio,
    ledger,
    runners,
    tally,
    look: () => look,
    follows: follow !== undefined,
    scope: contents,
    concurrency,
    fetch: { attachments: options.attachments ?? "results" },
    wanted: options.wanted ?? (() => true),
    wantedResult: options.wantedResult,
    limit,
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
    if (follow === undefined || tally.stopped || tally.isLimited || !tally.batches.some(pipeline.isInWork)) {
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
      // A refresh of chosen jobs stays with them.
      const next: Selection = named === undefined ? { _tag: "New" } : { _tag: "Refresh", jobs: named, checkedBefore: 0 }
      look = { run: yield* ledger.begin, selection: next }
      yield* pipeline.jobs
    }
  })

  const main = Effect.gen(function*() {
    const jobs = yield* ending.within(yield* ending.fork(looks))
    const isOver = jobs !== undefined && Exit.isSuccess(jobs) && !tally.stopped
    yield* Deferred.succeed(ended, { completed: isOver && tally.batches.every(({ isListed }) => isListed) })
    for (const runner of runners) yield* runner.end
    // Each sink is told of the end, also when another one could not take it.
    const ends = yield* Effect.forEach(fed, ({ fiber }) => ending.within(fiber), { concurrency: "unbounded" })
    for (const [index, { runner }] of fed.entries()) {
      const end = ends[index]
      tally.endSink(runner.sink.id, end !== undefined && Exit.isSuccess(end) ? end.value : end)
    }
    const finished: Array<Exit.Exit<string | void, SinkError>> = []
    for (const end of ends) if (end !== undefined) finished.push(yield* end)
    const recorded = yield* Effect.exit(pipeline.recorded)
    for (const [index, { runner }] of fed.entries()) {
      // A sink that failed, or that did not end in time, may hold what it did not acknowledge.
      const isKnown = agreeing.has(runner) && runner.failure === undefined && ends[index] !== undefined
      if (isKnown) yield* ledger.closed(runner.sink.id)
    }
    if (jobs !== undefined) yield* jobs
    yield* recorded
    for (const end of finished) yield* end
    yield* pipeline.vanished
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

  const running: RunningExport = {
    report,
    stop: Effect.suspend(() => {
      if (tally.stopped) return Effect.void
      tally.stopped = true
      return Effect.andThen(Deferred.succeed(stop, undefined), ending.begin)
    }),
    await: Fiber.join(fiber)
  }
  return running
})

/** The first look, of which a refresh with a limit leaves to the next one the jobs that were checked last. */
const firstLook = Effect.fnUntraced(function*(options: Options, batches: Options["batches"], limit: number) {
  const selection: Selection = options.selection ?? { _tag: "New" }
  if (selection._tag !== "Refresh" || selection.jobs !== undefined || limit === Number.POSITIVE_INFINITY) {
    return { selection }
  }
  const found = yield* oldest(yield* Ledger, batches, limit)
  const { checkedBefore = Number.POSITIVE_INFINITY } = selection
  return checkedBefore <= found.at
    ? { selection }
    : { selection: { ...selection, checkedBefore: found.at + 1 }, oldest: found }
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
