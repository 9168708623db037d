/**
 * Runs an export as a program does, for a person or for another program: progress while it runs, a gentle end on Ctrl-C,
 * a summary or one JSON object, and an exit status. The `labelstream` command adds the settings.
 */
import { Export, type ExportReport, GtStudio, type Ledger } from "@labelstream/core"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { statusOf } from "./internal/output/ending.ts"
import { layer as logs } from "./internal/output/logs.ts"
import { after, Meter, noTotals, type Totals } from "./internal/output/meter.ts"
import { block, oneLine } from "./internal/output/progress.ts"
import { emptyReport, Failures, reportObject } from "./internal/output/reportObject.ts"
import * as Screen from "./internal/output/screen.ts"
import { eventLines, summary } from "./internal/output/summary.ts"
import { sayTrouble } from "./internal/output/trouble.ts"
import { onSignal } from "./internal/signals.ts"

/** What to run, and what to print at its end. */
export interface Options {
  readonly export: Export.Options
  /** Where everything is stored, as the user named it. */
  readonly where: string
  /** The command that runs this again. */
  readonly again: string
  /** The command that retries failed jobs that a normal run skips. */
  readonly retry: string
  /** The values that the filters name, to suggest others if nothing matches. Default: none. */
  readonly asked?: { readonly statuses: ReadonlyArray<string>; readonly labels: ReadonlyArray<string> }
  /** Whether stdout gets one JSON object instead of events and summary; events are then logged. Default: false. */
  readonly json?: boolean
  /** Whether progress is a block that stays in place if stderr is a terminal; else it is logged. Default: true. */
  readonly block?: boolean
}

/** Milliseconds between updates: on a terminal, and elsewhere, where each update is a line that stays. */
const [drawEvery, sayEvery] = [100, 5000]

/** Once a run is this many milliseconds old, it is worth a request to know how much there is in all. */
const totalsAfter = 2000

/** Once opening the sinks takes this many milliseconds, it is worth a line. */
const openingAfter = 2000

/** The batches of the projects, if a named batch does not exist. Only a hint depends on it. */
const batchIdsOf = (gtStudio: GtStudio.GtStudio["Service"], report: ExportReport.ExportReport) => {
  const isUnknown = report.failures.some(({ cause, example }) => cause === "NotFound" && example.jobId === null)
  const projects = new Set(isUnknown ? report.batches.map(({ projectId }) => projectId) : [])
  return Effect.map(
    Effect.forEach(projects, (id) => Effect.orElseSucceed(gtStudio.project(id), () => ({ batches: [] }))),
    (found) => found.flatMap(({ batches }) => batches.map(({ id }) => id))
  )
}

/** Asks the projects how many jobs their batches have. Only progress depends on it: failures are ignored. */
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
  soFar: () => { readonly totals: Totals; readonly events: number }
) {
  const gtStudio = yield* GtStudio.GtStudio
  const meter = new Meter()
  const totals = new Map<string, number>()
  let [lastEvents, lastAt] = [-1, 0]
  const look = Effect.gen(function*() {
    const report = yield* running.report
    const [activity, now] = [yield* gtStudio.activity, yield* Clock.currentTimeMillis]
    const progress = soFar()
    if (progress.events !== lastEvents) {
      lastEvents = progress.events
      lastAt = now
    }
    return {
      report,
      activity,
      rates: meter.rates(report.seconds, progress.totals),
      totals,
      now,
      quietMillis: now - lastAt,
      follows: options.export.follow !== undefined
    }
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

/** Prints the object of a run that could not begin, for a program that waits for one. */
export const printEmpty = Effect.sync(() => Screen.say("stdout", JSON.stringify(emptyReport)))

/**
 * Runs an export to its end and returns the exit status: 0 if nothing is missing, 2 if jobs failed or a listing could not
 * be read, 130 if a signal stopped it, 1 if its counts do not add up. Fails as `Export.start` and the export do, after
 * printing the summary of what was done until then.
 *
 * Progress goes to stderr: a block that stays in place on a terminal, else a log line every 5 seconds. Events and
 * summary go to stdout. The first SIGINT, SIGTERM, or SIGHUP lets jobs in flight end; the second abandons them.
 */
export const run = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<number, Export.ExportError, GtStudio.GtStudio | Ledger.Ledger | Scope.Scope> {
  const gtStudio = yield* GtStudio.GtStudio
  const failures = new Failures()
  let soFar = noTotals
  let events = 0
  const fork = Effect.runForkWith(yield* Effect.context())
  const onEvent = (event: Export.JobEvent) => {
    options.export.onEvent?.(event)
    soFar = after(soFar, event)
    events++
    if (options.json === true) failures.onEvent(event)
    for (const line of eventLines(event)) {
      if (options.json === true) fork(Effect.logInfo(line))
      else Screen.say("stdout", line)
    }
  }
  const starting = Effect.tapError(
    Export.start({ ...options.export, onEvent }),
    () => options.json === true ? printEmpty : Effect.void
  )
  const opening = Effect.andThen(Effect.sleep(openingAfter), Effect.logInfo(`Opening ${options.where} ...`))
  const running = yield* Effect.raceFirst(starting, Effect.andThen(opening, Effect.never))
  const giveUp = yield* onSignal(Effect.andThen(
    Effect.logInfo("Stopping: finishing jobs in flight. Press Ctrl-C again to abandon them."),
    running.stop
  ))
  const ended = yield* Effect.scoped(Effect.andThen(
    showProgress(running, options, () => ({ totals: soFar, events })),
    Effect.exit(Effect.raceFirst(running.await, Effect.andThen(Deferred.await(giveUp), running.report)))
  ))
  const report = Exit.isSuccess(ended) ? ended.value : yield* running.report
  const brokeOff = Exit.isFailure(ended)
  if (options.json === true) {
    const object = reportObject(report, failures.jobs)
    Screen.say("stdout", JSON.stringify(brokeOff ? { ...object, complete: false } : object))
  } else if (!brokeOff || report.batches.some(({ listed }) => listed > 0)) {
    Screen.say(
      "stdout",
      summary(report, yield* gtStudio.activity, {
        ...options,
        brokeOff,
        isRetry: options.export.selection?._tag === "Retry",
        batchIds: yield* batchIdsOf(gtStudio, report),
        ...(options.export.selection?._tag === "Refresh" ? { checked: soFar.checked } : {})
      })
    )
  }
  yield* ended
  return statusOf(report)
})

/** Logs as plain lines on stderr, above the progress if there is any. */
export const layerLogs = logs
