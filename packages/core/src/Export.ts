/**
 * An export: batches of the platform into sinks. It is the composition of the listing, the ledger's word on what is
 * new, the fetching of jobs and the sinks' batches, with what a long run needs: one bad job stops nothing, a stop drains
 * what is in flight, and the counts always add up. Its one output are events, and its report is a fold over them.
 */
import * as Effect from "effect/Effect"
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
 * Opens the sinks and starts an export in the background; it ends with the scope, where it is cut off if it still runs.
 * Sinks are closed when the export has ended. Fails where a sink cannot be opened or the ledger cannot be written, and
 * with an `OptionError` where an option cannot be meant. For programs that stop a run themselves.
 */
export const start = (options: Options) => startRun(options)

/**
 * Runs an export to its end and returns the fold of its events, `ExportReport.apply`. Interruption stops it gently: jobs
 * in flight end, everything is committed, and only then does the fiber end.
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
