/**
 * Waits for targets that another process has locked, and records what an export waits for. Takes a target from a runner that
 * is gone.
 */
import type { JobSink, Ledger } from "@labelstream/core"
import { Lock } from "@labelstream/storage"
import type * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { ExportStore } from "../../ExportStore.ts"
import type { Failure } from "../failure.ts"
import type { Known } from "../sessions.ts"
import { goneProcesses } from "./gone.ts"

/** Records what an export waits for; null ends the wait. Does nothing if that is recorded already. */
export type Say = (what: string | null) => Effect.Effect<void>

/** Begins a step of an export, which waits for nothing yet. */
export const beginStep = Effect.fnUntraced(
  function*({ id }: Pick<Known, "id">): Effect.fn.Return<Say, never, ExportStore> {
    const store = yield* ExportStore
    let said: string | null | undefined
    const say: Say = (what) =>
      Effect.suspend(() => {
        if (what === said) return Effect.void
        said = what
        return Effect.ignore(store.waitFor(id, what))
      })
    // A runner that died in this step may have waited.
    yield* say(null)
    return say
  }
)

/**
 * Another export locks the target while it publishes. A process that is no runner of this cluster, and was killed on another
 * machine, keeps its lock until the lock counts as left behind: the wait is a minute longer.
 */
const whileTaken = Schedule.spaced("1 second").pipe(Schedule.upTo({ duration: Lock.leftBehindAfter + 60_000 }))

const isTaken = (error: Failure): error is JobSink.SinkError =>
  error._tag === "SinkError" && error.reason === "conflict" && error.step !== "check"

/** Unlocks the targets and branches that gone runners have locked. Returns whether there were any. */
export const unlock = Effect.fnUntraced(function*(sinks: ReadonlyArray<Pick<JobSink.JobSink, "branches">>) {
  const gone = yield* goneProcesses
  if (gone.size === 0) return false
  const freed = yield* Effect.forEach(sinks, ({ branches }) => branches?.unlock?.(gone) ?? Effect.succeed(false))
  return freed.includes(true)
})

/** Does work that locks the targets of sinks, once they are free. */
export const whenFree = <A, E extends Failure, R>(
  say: Say,
  sinks: ReadonlyArray<Pick<JobSink.JobSink, "branches">>,
  work: Effect.Effect<A, E, R>
): Effect.Effect<
  A,
  E | JobSink.SinkError | Ledger.LedgerError,
  R | ExportStore | RunnerStorage.RunnerStorage
> =>
  work.pipe(
    Effect.tapError((error) =>
      isTaken(error)
        ? Effect.andThen(say(`waiting for a lock: ${error.detail}`), unlock(sinks))
        : Effect.void
    ),
    Effect.retry({ schedule: whileTaken, while: isTaken }),
    Effect.tap(say(null))
  )
