/**
 * Runs an export as a program: settings from the environment, progress, a summary, and an exit status.
 *
 * 0: nothing is missing. 1: it could not run, or not to its end. 2: jobs failed or a listing broke off. 130: stopped by
 * a signal.
 */
import { Export, GtStudio, type JobSink } from "@labelstream/core"
import { SqliteLedger } from "@labelstream/node"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { basename, join, relative } from "node:path"
import { connect } from "./platform.ts"
import { selection } from "./selection.ts"
import { eventLine, isUnaccounted, plain, progressLine, summary } from "./text.ts"

const clearLine = () => {
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[2K")
}

const showProgress = (running: Export.RunningExport, gtStudio: GtStudio.GtStudio["Service"]) => {
  const { isTTY } = process.stderr
  const show = Effect.gen(function*() {
    const line = progressLine(yield* running.report, yield* gtStudio.activity, (process.stderr.columns ?? 121) - 1)
    clearLine()
    process.stderr.write(isTTY ? line : `${line}\n`)
  })
  return Effect.andThen(
    Effect.addFinalizer(() => Effect.sync(clearLine)),
    Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(isTTY ? 100 : 5000), show)))
  )
}

/** Completes at the second signal; the first one lets jobs in flight end and commits. */
const signalled = Effect.fnUntraced(function*(running: Export.RunningExport) {
  const giveUp = yield* Deferred.make<void>()
  let signals = 0
  const onSignal = () => {
    signals++
    if (signals > 1) return Effect.runFork(Deferred.succeed(giveUp, undefined))
    process.stderr.write("\nStopping: jobs in flight are finished first. Once more gives them up.\n")
    return Effect.runFork(running.stop)
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("SIGINT", onSignal).on("SIGTERM", onSignal)),
    () => Effect.sync(() => process.off("SIGINT", onSignal).off("SIGTERM", onSignal))
  )
  return Deferred.await(giveUp)
})

/** The line that starts this program again. */
const command = () => {
  const program = process.argv[1] ?? ""
  return process.env["npm_lifecycle_event"] === undefined
    ? `node ${relative(process.cwd(), program)}`
    : `npm run example ${basename(program, ".ts")}`
}

const onJob = (event: Export.JobEvent) => {
  const line = eventLine(event)
  if (line === undefined) return
  clearLine()
  console.log(line)
}

const runExport = Effect.fnUntraced(function*(options: Export.Options, output: string) {
  const gtStudio = yield* GtStudio.GtStudio
  const running = yield* Export.start({ ...options, onJob })
  const giveUp = yield* signalled(running)
  const ended = yield* Effect.scoped(
    Effect.andThen(
      showProgress(running, gtStudio),
      Effect.exit(Effect.raceFirst(running.await, Effect.andThen(giveUp, running.report)))
    )
  )
  const report = Exit.isSuccess(ended) ? ended.value : yield* running.report
  const brokeOff = Exit.isFailure(ended)
  if (!brokeOff || report.batches.some(({ listed }) => listed > 0)) {
    const end = { brokeOff, output: relative(process.cwd(), output) || ".", command: command() }
    console.log(summary(report, yield* gtStudio.activity, end))
  }
  yield* ended
  return report.stopped ? 130 : isUnaccounted(report) ? 1 : report.complete ? 0 : 2
})

/**
 * Exports the batches that the environment names into the sinks that `sinksAt` makes for the output folder. What
 * `afterwards` gives is shown below the summary of a run that went to its end.
 */
export const exportMain = async (
  sinksAt: (output: string) => ReadonlyArray<JobSink.JobSink>,
  afterwards?: (output: string) => Promise<string>
): Promise<void> => {
  const program = Effect.gen(function*() {
    const chosen = yield* selection
    const { batches, concurrency, note, output, platform } = yield* connect
    if (note !== undefined) console.error(note)
    const ledger = SqliteLedger.layer({ file: join(output, ".labelstream", "ledger.sqlite") })
    const status = yield* Effect.scoped(runExport({ ...chosen, batches, concurrency, sinks: sinksAt(output) }, output))
      .pipe(Effect.provide(Layer.merge(platform, ledger)))
    if (afterwards !== undefined && status !== 130) {
      // What an export came to does not depend on whether a look at it succeeds.
      yield* Effect.tryPromise(() => afterwards(output)).pipe(
        Effect.map((text) => console.log(text)),
        Effect.catch(({ cause }) =>
          Effect.sync(() =>
            console.error(plain(`The query could not be run: ${cause instanceof Error ? cause.message : ""}`))
          )
        )
      )
    }
    return status
  })
  const failed = (error: { readonly message: string }) => {
    console.error(plain(`The export could not run: ${error.message}`))
    return Effect.succeed(1)
  }
  process.exitCode = await Effect.runPromise(Effect.catch(Effect.scoped(program), failed))
}
