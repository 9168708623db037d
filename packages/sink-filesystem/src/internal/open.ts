/** Opens a place, or the part of one writer, as a sink; and merges the parts by itself. */
import { JobSink } from "@labelstream/core"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Problem, toSinkError } from "./failure.ts"
import * as Lock from "./lock.ts"
import { putMarkedInOrder } from "./manifestFile.ts"
import { mergeParts } from "./merge.ts"
import { partOf, type Place } from "./place.ts"
import { leave, take } from "./recover.ts"
import * as Session from "./session.ts"
import { attempt } from "./step.ts"

/** Opens the place for writing, until the scope closes: with everything in it that writers have left in their parts. */
export const open = (place: Place): Effect.Effect<JobSink.OpenSink, JobSink.SinkError, Scope.Scope> =>
  session(place, async () => {
    const lock = await take(place)
    try {
      await mergeParts(place, lock)
    } catch (error) {
      await lock.release().catch(() => {})
      throw error
    }
    return lock
  })

/** Opens the part of one writer, until the scope closes. */
export const openPart =
  (place: Place) => (writer: string): Effect.Effect<JobSink.OpenSink, JobSink.SinkError, Scope.Scope> => {
    if (JobSink.isWriterName(writer)) {
      const part = partOf(place, writer)
      return session(part, () => take(part))
    }
    const detail = `${JSON.stringify(writer)} is no name for a writer: 1 to 64 of a-z, 0-9 and -, the first no -`
    return Effect.fail(toSinkError({ step: "open" })(new Problem("misconfigured", detail)))
  }

/** Merges the parts, and puts the manifests in order when none is left. */
export const merge = (place: Place): Effect.Effect<JobSink.Merged, JobSink.SinkError> =>
  attempt({ step: "merge" }, async () => {
    const lock = await take(place)
    try {
      const merged = await mergeParts(place, lock)
      if (merged.stillOpen.length === 0) await putMarkedInOrder(place)
      return merged
    } finally {
      await leave(place, lock)
    }
  })

const session = (place: Place, enter: () => Promise<Lock.Lock>) =>
  Effect.gen(function*() {
    const { lock, session } = yield* Effect.acquireRelease(
      Effect.tryPromise({
        try: async () => {
          const lock = await enter()
          return { lock, session: Session.start(place, lock) }
        },
        catch: toSinkError({ step: "open" })
      }),
      ({ lock, session }) =>
        Effect.promise(async () => {
          if (!await lock.confirm().then(() => true, () => false)) return
          // Should this fail, the next `open` does it.
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
