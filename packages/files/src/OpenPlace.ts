/** Holds a place open as a sink for the time of a scope. */
import type { JobSink } from "@labelstream/core"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Lock from "./Lock.ts"
import { leave, type Place } from "./Taking.ts"

/** What is open, and how it ends. */
export interface Session {
  readonly sink: JobSink.OpenSink
  /** Drops what is staged and not committed. */
  readonly end: () => Promise<void>
}

/** Takes a place by `enter`, starts a session on it, and keeps the lock fresh until the scope closes. */
export const open = (
  place: Place,
  enter: () => Promise<Lock.Lock>,
  start: (lock: Lock.Lock) => Session,
  toError: (error: unknown) => JobSink.SinkError
): Effect.Effect<JobSink.OpenSink, JobSink.SinkError, Scope.Scope> =>
  Effect.gen(function*() {
    const { lock, session } = yield* Effect.acquireRelease(
      Effect.tryPromise({
        try: async () => {
          const lock = await enter()
          return { lock, session: start(lock) }
        },
        catch: toError
      }),
      ({ lock, session }) =>
        Effect.promise(async () => {
          if (!await lock.confirm().then(() => true, () => false)) return
          // Should this fail, the next who takes the place does it.
          await session.end().catch(() => {})
          await leave(place, lock)
        })
    )
    yield* Effect.sleep(Lock.touchEvery).pipe(
      Effect.andThen(Effect.promise(() => lock.touch().catch(() => {}))),
      Effect.forever,
      Effect.forkScoped
    )
    return session.sink
  })
