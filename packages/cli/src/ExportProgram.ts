/**
 * Runs an export as a program does, for a person or for another program: progress while it runs, a gentle end on Ctrl-C,
 * a summary or one JSON object, and an exit status. The `labelstream` command is this with settings around it.
 */
import { Export, GtStudio, type Ledger } from "@labelstream/core"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { statusOf } from "./internal/output/ending.ts"
import { emptyReport, Failures, reportObject } from "./internal/output/failures.ts"
import { layer as logs } from "./internal/output/logs.ts"
import { after, Meter, noTotals, type Totals } from "./internal/output/meter.ts"
import { block, oneLine } from "./internal/output/progress.ts"
import * as Screen from "./internal/output/screen.ts"
import { eventLines, summary } from "./internal/output/summary.ts"
import { sayTrouble } from "./internal/output/trouble.ts"
import { onSignal } from "./internal/signals.ts"

/** What to run, and what its user is told at the end. */
export interface Options {
  readonly export: Export.Options
  /** Where everything is stored, as the person named it. */
  readonly where: string
  /** What to type to run this again. */
  readonly again: string
  /** What to type to try failed jobs again that an ordinary run leaves. */
  readonly retry: string
  /** Whether stdout gets one JSON object in place of events and summary; events are then logged. Default false. */
  readonly json?: boolean
  /** Whether progress is a block that stays in place where stderr is a terminal. Default true; else it is logged. */
  readonly block?: boolean
}

/** Milliseconds between two looks: on a terminal, and elsewhere, where each is a line that stays. */
const [drawEvery, sayEvery] = [100, 5000]

/** Once a run is this many milliseconds old, it is worth a request to know how much there is in all. */
const totalsAfter = 2000

/** Asks the projects how many jobs their batches have. Only progress depends on it: failures are passed over. */
const askTotals = (gtStudio: GtStudio.GtStudio["Service"], options: Export.Options, totals: Map<string, number>) => {
  const projects = new Set(options.batches.map(({ projectId }) => projectId))
  return Effect.andThen(
    Effect.sleep(totalsAfter),
    Effect.forEach(projects, (projectId) =>
      Effect.ignore(Effect.map(gtStudio.project(projectId), ({ batches }) => {
        for (const { id, totalJobs } of batches) if (totalJobs !== null) totals.set(id, totalJobs)
      })), { discard: true })
  )
}

const showProgress = Effect.fnUntraced(function*(
  running: Export.RunningExport,
  options: Options,
  soFar: () => Totals
) {
  const gtStudio = yield* GtStudio.GtStudio
  const meter = new Meter()
  const totals = new Map<string, number>()
  const look = Effect.gen(function*() {
    const report = yield* running.report
    const [activity, now] = [yield* gtStudio.activity, yield* Clock.currentTimeMillis]
    return { report, activity, rates: meter.rates(report.seconds, soFar()), totals, now }
  })
  if (options.block === false || !Screen.canDraw()) {
    const say = Effect.flatMap(look, (view) => Effect.logInfo(oneLine(view)))
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(sayEvery), say)))
    yield* sayTrouble
    return
  }
  let view = yield* look
  yield* Screen.show((size, color) => block(view, size, color))
  const draw = Effect.map(look, (next) => {
    view = next
    Screen.draw()
  })
  yield* Effect.forkScoped(askTotals(gtStudio, options.export, totals))
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(draw, Effect.sleep(drawEvery))))
})

/** Prints the object of a run that could not begin, where a program waits for one. */
export const printEmpty = Effect.sync(() => Screen.say("stdout", JSON.stringify(emptyReport)))

/**
 * Runs an export to its end and answers the exit status: 0 where nothing is missing, 2 where jobs failed or a listing
 * broke off, 130 where a signal stopped it, 1 where its counts do not add up. Fails as `Export.start` and what it starts
 * do; the summary of what was done until then is printed first.
 *
 * Progress goes to stderr: a block that stays in place on a terminal, else a log line every five seconds. Events and
 * summary go to stdout. The first SIGINT, SIGTERM, or SIGHUP lets jobs in flight end; the second gives them up.
 */
export const run = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<number, Export.ExportError, GtStudio.GtStudio | Ledger.Ledger | Scope.Scope> {
  const gtStudio = yield* GtStudio.GtStudio
  const failures = new Failures()
  let soFar = noTotals
  const fork = Effect.runForkWith(yield* Effect.context())
  const onEvent = (event: Export.JobEvent) => {
    options.export.onEvent?.(event)
    soFar = after(soFar, event)
    if (options.json === true) failures.onEvent(event)
    for (const line of eventLines(event)) {
      if (options.json === true) fork(Effect.logInfo(line))
      else Screen.say("stdout", line)
    }
  }
  const running = yield* Effect.tapError(
    Export.start({ ...options.export, onEvent }),
    () => options.json === true ? printEmpty : Effect.void
  )
  const giveUp = yield* onSignal(Effect.andThen(
    Effect.logInfo("Stopping: jobs in flight are finished first. Once more gives them up."),
    running.stop
  ))
  const ended = yield* Effect.scoped(Effect.andThen(
    showProgress(running, options, () => soFar),
    Effect.exit(Effect.raceFirst(running.await, Effect.andThen(Deferred.await(giveUp), running.report)))
  ))
  const report = Exit.isSuccess(ended) ? ended.value : yield* running.report
  const brokeOff = Exit.isFailure(ended)
  if (options.json === true) {
    const object = reportObject(report, yield* failures.list(report.batches))
    Screen.say("stdout", JSON.stringify(brokeOff ? { ...object, complete: false } : object))
  } else if (!brokeOff || report.batches.some(({ listed }) => listed > 0)) {
    Screen.say(
      "stdout",
      summary(report, yield* gtStudio.activity, {
        ...options,
        brokeOff,
        isRetry: options.export.selection?._tag === "Retry",
        ...(options.export.selection?._tag === "Refresh" ? { checked: soFar.checked } : {})
      })
    )
  }
  yield* ended
  return statusOf(report)
})

/** Logs as plain lines on stderr, above the progress where there is one. */
export const layerLogs = logs
