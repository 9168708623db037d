import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type { ExportReport } from "../../ExportReport.ts"
import { nextPass } from "../../Follow.ts"
import { GtStudio } from "../../GtStudio.ts"
import type { Branch, RunEnd, SinkError } from "../../JobSink.ts"
import { Ledger } from "../../Ledger.ts"
import { monotonicMillis } from "../monotonic.ts"
import { makeExportWatch } from "../telemetry/exportWatch.ts"
import { Ending } from "./ending.ts"
import { Events, type Outlet } from "./events.ts"
import { exportRun } from "./exportRun.ts"
import { checkOptions, type ExportError, type Options } from "./options.ts"
import { EarlierPasses, firstPass, later, type Pass } from "./passes.ts"
import { prepare } from "./prepare.ts"
import type { Fatal, Runner } from "./setting.ts"
import { type Fed, feed, sinkEnd } from "./sinks.ts"

const noBranches = Effect.succeed<ReadonlyArray<Branch>>([])

/** An export under way. */
export interface RunningExport {
  /** The counts at this moment. */
  readonly report: Effect.Effect<ExportReport>
  /** Begins no further job, lets those in flight end within the grace time, and commits. Returns at once. */
  readonly stop: Effect.Effect<void>
  /** The end: the final report, or what made going on useless. */
  readonly await: Effect.Effect<ExportReport, ExportError>
}

/** Starts an export as `Export.start` does, and passes its events to an outlet. */
export const startRun = Effect.fnUntraced(function*(options: Options, outlet?: Outlet<ExportError>) {
  const { batches, concurrency, grace, limit, load } = yield* checkOptions(options)
  const { filter, filterResult } = options
  const gtStudio = yield* GtStudio
  const ledger = yield* Ledger
  const scope = yield* Effect.scope
  const startedAt = yield* monotonicMillis
  const first = yield* firstPass(options, batches, limit)
  const { selection } = first
  const events = new Events(outlet)
  const runId = crypto.randomUUID()
  // Closed after the sinks and the fibers that use the jobs' contents.
  const contents = yield* Scope.fork(scope)
  const ending = yield* Ending.make<Fatal>(grace)
  const { cut, stop } = ending
  const ended = yield* Deferred.make<RunEnd>()

  if (options.onEvent !== undefined) events.listen(options.onEvent)
  events.emit({
    _tag: "Started",
    batches,
    sinks: options.sinks.map(({ capabilities: { visibility }, id, name }) => ({ sink: name, id, visibility })),
    filter: filterResult !== undefined ? "result" : filter !== undefined ? "listing" : "none"
  })
  const watch = yield* makeExportWatch(ledger, events, options.sinks)

  const settled = (runner: Runner) => pipeline.settled(runner)
  const fed: Array<Fed> = []
  for (const sink of options.sinks) fed.push(yield* feed({ runId, ending, ended, watch, settled }, sink))
  const runners = fed.map(({ runner }) => runner)
  watch.queues(runners)

  const follow = selection._tag === "Retry" ? undefined : options.follow
  let pass: Pass = { number: 1, run: yield* ledger.begin, ...first }
  const earlier = new EarlierPasses(batches, follow !== undefined)
  const setting = {
    gtStudio,
    ledger,
    batches,
    runners,
    events,
    pass: () => pass,
    earlier,
    scope: contents,
    concurrency,
    fetch: {
      attachments: options.attachments ?? "results",
      load,
      ...(options.lease === undefined ? {} : { lease: options.lease }),
      ...(options.sizes === undefined ? {} : { sizes: options.sizes })
    },
    filter: filter ?? (() => true),
    filterResult,
    limit,
    watch,
    stop,
    cut
  }
  const pipeline = exportRun(setting)
  const secondsNow = Effect.map(monotonicMillis, (now) => (now - startedAt) / 1000)

  /** Lists the batches once, with what was fetched on its way to the sinks at the end. */
  const listed = Effect.suspend(() => {
    events.emit({ _tag: "PassStarted", pass: pass.number })
    return pipeline.jobs
  })

  /** How long to wait until the batches are to be listed again, or undefined when they are not. */
  const untilNextPass = Effect.map(monotonicMillis, (now) => {
    const { limited, stopped } = events.report
    if (follow === undefined || stopped || limited || !pipeline.hasMore()) return undefined
    // Every pass would fetch again what a sink that has failed cannot take.
    if (runners.some(({ failure }) => failure !== undefined)) return undefined
    return nextPass(follow, startedAt, now)
  })

  // Sinks whose receipts are all that they hold.
  const agreeing = new Set<Runner>()
  const passes = Effect.gen(function*() {
    yield* prepare({ ...setting, load, runId, selection, repair: options.repair === true }, agreeing)
    yield* listed
    if (follow === undefined) return
    for (;;) {
      // Otherwise a job on its way into a sink would look like one that was not fetched.
      const idle = Effect.forEach(runners, (runner) => runner.idle, { discard: true })
      yield* Effect.raceFirst(idle, Deferred.await(cut))
      yield* pipeline.recorded
      const wait = yield* untilNextPass
      if (wait === undefined) return
      yield* Effect.timeoutOption(Deferred.await(stop), wait)
      if (events.report.stopped) return
      yield* ledger.end(pass.run, events.runEnd("completed"))
      pass = { number: pass.number + 1, run: yield* ledger.begin, selection: later(selection) }
      yield* listed
    }
  })

  const outcome = () => events.report.stopped ? "stopped" : "completed"
  const main = Effect.gen(function*() {
    const jobs = yield* ending.within(yield* ending.fork(passes))
    const isOver = jobs !== undefined && Exit.isSuccess(jobs) && !events.report.stopped
    const hasAll = !events.report.limited && events.report.batches.every(({ isListed }) => isListed)
    const end: RunEnd = { outcome: !isOver ? "stopped" : hasAll ? "completed" : "partial" }
    yield* Deferred.succeed(ended, end)
    for (const runner of runners) yield* runner.end
    // Notifies each sink of the end, even if another one failed.
    const ends = yield* Effect.forEach(fed, ({ fiber }) => ending.within(fiber), { concurrency: "unbounded" })
    const finished: Array<Exit.Exit<string | void, SinkError>> = []
    for (const [index, { runner }] of fed.entries()) {
      const exit = ends[index]
      const branches = yield* Effect.exit(runner.sink.branches?.list ?? noBranches)
      const told = exit !== undefined && Exit.isSuccess(exit) ? exit.value : exit
      const event = sinkEnd(runner.sink.id, end, told, branches)
      if (event !== undefined && runner.failure === undefined) events.emit(event)
    }
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
    yield* pipeline.delisted
    yield* ledger.end(pass.run, events.runEnd(outcome()))
    events.emit({ _tag: "Ended", seconds: yield* secondsNow })
    return events.report
  })
  // Waiters learn what ended the run, not that recording it failed too.
  const noteEnd = Effect.andThen(
    pipeline.recorded,
    Effect.suspend(() => ledger.end(pass.run, events.runEnd(events.report.stopped ? "stopped" : "aborted")))
  )
  const noted = Effect.onExit(main, (exit) => Exit.isSuccess(exit) ? Effect.void : Effect.ignore(noteEnd))
  const fiber = yield* Effect.forkScoped(watch.run(noted))

  const running: RunningExport = {
    report: Effect.map(secondsNow, (seconds) => {
      const { report } = events
      if (report.seconds > 0) return report
      return {
        ...report,
        seconds,
        sinks: report.sinks.map((sink, at) => ({ ...sink, queued: runners[at]!.unsettled }))
      }
    }),
    stop: Effect.suspend(() => {
      if (events.report.stopped) return Effect.void
      events.emit({ _tag: "Stopping" })
      return Effect.andThen(Deferred.succeed(stop, undefined), ending.begin)
    }),
    await: Fiber.join(fiber)
  }
  return running
})
