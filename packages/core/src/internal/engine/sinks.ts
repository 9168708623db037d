import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type { JobEvent } from "../../JobEvent.ts"
import type { Branch, JobSink, RunEnd, SinkError } from "../../JobSink.ts"
import type { LedgerError } from "../../Ledger.ts"
import { describeBranches } from "../describe.ts"
import type { ExportWatch } from "../telemetry/exportWatch.ts"
import type { Ending } from "./ending.ts"
import type { Delivery } from "./fetchedJob.ts"
import type { Fatal, Runner } from "./setting.ts"
import { type Offered, type Settled, SinkRunner } from "./sinkRunner.ts"

/** A sink that is fed in its own fiber, which ends when the sink is closed. */
export interface Fed {
  readonly runner: Runner
  readonly fiber: Fiber.Fiber<Exit.Exit<string | void, SinkError>, SinkError | LedgerError>
}

export interface Feeding {
  readonly runId: string
  readonly ending: Ending<Fatal>
  /** Done when the run has ended. Then each sink is notified and closed. */
  readonly ended: Deferred.Deferred<RunEnd>
  readonly watch: ExportWatch
  readonly settled: (runner: Runner) => (batch: Settled<Delivery>) => Effect.Effect<void, LedgerError>
}

/** Opens a sink and feeds it until the run has ended. Then notifies and closes it. */
export const feed = Effect.fnUntraced(function*({ ended, ending, runId, settled, watch }: Feeding, sink: JobSink) {
  const opened = yield* Deferred.make<Runner, SinkError | LedgerError>()
  const life = Effect.gen(function*() {
    const open = yield* sink.open
    const queue = yield* Queue.bounded<Offered<Delivery>, Cause.Done>(sink.capabilities.batch.maxRecords)
    const runner: Runner = new SinkRunner(sink, watch.sink(sink, open), runId, queue, (batch) => settled(runner)(batch))
    yield* Deferred.succeed(opened, runner)
    yield* Effect.tapCause(watch.within(runner.run), (cause) => Deferred.failCause(ending.cut, cause))
    const end = yield* Deferred.await(ended)
    return yield* Effect.exit(runner.failure === undefined ? runner.finish(end) : Effect.void)
  })
  const fiber = yield* ending.fork(
    Effect.tapCause(Effect.scoped(life), (cause) => Deferred.failCause(opened, cause))
  )
  const fed: Fed = { fiber, runner: yield* Deferred.await(opened) }
  return fed
})

/** How a sink ended after the end of the run: `exit` is undefined if it did not end in time. */
export const sinkEnd = (
  sink: string,
  { outcome }: RunEnd,
  exit: Exit.Exit<unknown, Error> | undefined,
  branches: Exit.Exit<ReadonlyArray<Branch>, SinkError>
): JobEvent | undefined => {
  if (exit === undefined) {
    const message = "it did not respond in time after the stop; the next run stores unconfirmed jobs again"
    return { _tag: "SinkFailed", sink, message }
  }
  // The run is not complete if the branches of other writers are unknown.
  if (Exit.isSuccess(exit) && Exit.isSuccess(branches)) {
    const unpublished = branches.value
    const notices = [
      ...(typeof exit.value === "string" ? [exit.value] : []),
      ...(unpublished.length > 0 ? [describeBranches(unpublished)] : [])
    ]
    return {
      _tag: "SinkFinished",
      sink,
      outcome,
      notice: notices.length === 0 ? null : notices.join("\n"),
      unpublished
    }
  }
  const failure = Exit.findErrorOption(Exit.isSuccess(exit) ? branches : exit)
  return Option.isSome(failure) ? { _tag: "SinkFailed", sink, message: failure.value.message } : undefined
}
