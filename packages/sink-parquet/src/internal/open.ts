/** Opens a dataset, or the share of one writer, as a sink; and merges the shares by itself. */
import { JobSink } from "@labelstream/core"
import { Failure, type Lock, OpenPlace, Taking } from "@labelstream/files"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { keepReadable } from "./emptyTables.ts"
import { toSinkError } from "./failure.ts"
import { mergeShares } from "./merge.ts"
import { checkFormat, type Place, shareOf } from "./place.ts"
import { take } from "./recover.ts"
import * as Session from "./session.ts"
import { attempt } from "./step.ts"

/** Opens the dataset for writing, until the scope closes: with everything in it that writers have left in their shares. */
export const open = (
  place: Place,
  settings: Session.Settings
): Effect.Effect<JobSink.OpenSink, JobSink.SinkError, Scope.Scope> =>
  session(place, settings, async (lock) => {
    await checkFormat(place, settings.format.geometry)
    await mergeShares(place, settings.format, lock)
  })

/** Opens the share of one writer, until the scope closes. */
export const openShare = (place: Place, settings: Session.Settings) =>
(
  writer: string
): Effect.Effect<JobSink.OpenSink, JobSink.SinkError, Scope.Scope> => {
  if (!JobSink.isWriterName(writer)) {
    const detail = `${JSON.stringify(writer)} is no name for a writer: 1 to 64 of a-z, 0-9 and -, the first no -`
    return Effect.fail(toSinkError({ step: "open" })(new Failure.Problem("misconfigured", detail)))
  }
  const share = shareOf(place, writer)
  return session(share, settings, async () => {
    for (const one of [place, share]) await checkFormat(one, settings.format.geometry)
  })
}

/** Merges the shares. */
export const merge = (place: Place, settings: Session.Settings): Effect.Effect<JobSink.Merged, JobSink.SinkError> =>
  attempt({ step: "merge" }, async () => {
    const lock = await take(place)
    try {
      await checkFormat(place, settings.format.geometry)
      const merged = await mergeShares(place, settings.format, lock)
      await keepReadable(place, settings.format)
      return merged
    } finally {
      await Taking.leave(place, lock)
    }
  })

/** Takes a place, readies it and starts a session. */
const session = (place: Place, settings: Session.Settings, ready: (lock: Lock.Lock) => Promise<void>) =>
  OpenPlace.open(
    place,
    async () => {
      const lock = await take(place)
      await ready(lock).catch((error: unknown) => Taking.leave(place, lock).then(() => Promise.reject(error)))
      return lock
    },
    (lock) => Session.start(place, lock, settings),
    toSinkError({ step: "open" })
  )
