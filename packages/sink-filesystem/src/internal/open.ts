/** Opens a place, or the part of one writer, as a sink; and merges the parts by itself. */
import { JobSink } from "@labelstream/core"
import { Failure, type Lock, OpenPlace, Taking } from "@labelstream/files"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { toSinkError } from "./failure.ts"
import { putMarkedInOrder } from "./manifestFile.ts"
import { mergeParts } from "./merge.ts"
import { partOf, type Place } from "./place.ts"
import { take } from "./recover.ts"
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
    return Effect.fail(toSinkError({ step: "open" })(new Failure.Problem("misconfigured", detail)))
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
      await Taking.leave(place, lock)
    }
  })

const session = (place: Place, enter: () => Promise<Lock.Lock>) =>
  OpenPlace.open(place, enter, (lock) => Session.start(place, lock), toSinkError({ step: "open" }))
