/**
 * Exports batches of GT Studio into sinks. It composes the listing, the ledger's records of what is new, the fetching of
 * jobs, and the sinks' batches, with what a long run needs: one bad job stops nothing, a stop lets jobs in flight end, and
 * the counts always add up. Its one output is a stream of events, and its report is a fold over them.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ExportReport } from "./ExportReport.ts"
import type { GtStudio } from "./GtStudio.ts"
import { Outlet } from "./internal/engine/events.ts"
import { defaultConcurrency, type ExportError, type Options } from "./internal/engine/options.ts"
import { type RunningExport, startRun } from "./internal/engine/startRun.ts"
import type { JobEvent } from "./JobEvent.ts"
import type { Ledger } from "./Ledger.ts"
import type { Selection } from "./Selection.ts"

export { defaultConcurrency, type ExportError, type JobEvent, type Options, type RunningExport, type Selection }

/**
 * Opens the sinks and starts an export in the background, for programs that stop a run themselves. It ends with the scope,
 * which interrupts it if it still runs; sinks are closed when it has ended. Fails if a sink cannot be opened, if the ledger
 * cannot be written, and with an `OptionError` that names an option that cannot be used.
 */
export const start = (
  options: Options
): Effect.Effect<RunningExport, ExportError, GtStudio | Ledger | Scope.Scope> => startRun(options)

/**
 * Runs an export to its end and returns its report, which `ExportReport.describe` turns into text. Interruption stops it
 * gently: jobs in flight end, everything is committed, and only then does the fiber end. Fails as {@link start} does, and if
 * nothing more can be stored or fetched; a job, listing, or one of several sinks that fails is in the report instead.
 */
export const run = (options: Options): Effect.Effect<ExportReport, ExportError, GtStudio | Ledger> =>
  Effect.scoped(
    Effect.flatMap(start(options), (running) =>
      Effect.onInterrupt(running.await, () => Effect.andThen(running.stop, Effect.ignore(running.await))))
  )

/**
 * Runs an export as a stream of what happens in it. The run keeps pace with the consumer: with more than 1,024 events
 * waiting, it begins no further job. Where the stream ends early, the run is stopped gently, as `run` is.
 *
 * @example
 * ```ts
 * import { Export } from "@labelstream/core"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * const printed = (options: Export.Options) =>
 *   Export.stream(options).pipe(
 *     Stream.filter((event) => event._tag === "Exported"),
 *     Stream.runForEach(({ jobId }) => Effect.sync(() => console.log(jobId)))
 *   )
 * ```
 */
export const stream = (options: Options): Stream.Stream<JobEvent, ExportError, GtStudio | Ledger> =>
  Stream.unwrap(Effect.gen(function*() {
    const outlet = new Outlet<ExportError>()
    const running = yield* startRun(options, outlet)
    const end = Effect.suspend(() => {
      outlet.close()
      return outlet.hasEnded ? Effect.void : Effect.andThen(running.stop, Effect.ignore(running.await))
    })
    yield* Effect.addFinalizer(() => end)
    yield* Effect.forkScoped(Effect.map(Effect.exit(running.await), (exit) => outlet.end(exit)))
    return outlet.stream
  }))
