/** Opens a place: takes its lock, ends what a crash has left half done, and tidies up when it is closed. */
import type { JobSink } from "@labelstream/core"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { join } from "node:path"
import { toSinkError } from "./failure.ts"
import { syncDirectory } from "./fs.ts"
import { readIntents } from "./intent.ts"
import * as Lock from "./lock.ts"
import { checkFormat, folders, namesIn, type Place, prepare } from "./place.ts"
import { carryOut, forget } from "./publish.ts"
import * as Session from "./session.ts"

/** Opens the place for writing, until the scope closes. */
export const open = (
  place: Place,
  settings: Session.Settings
): Effect.Effect<JobSink.OpenSink, JobSink.SinkError, Scope.Scope> =>
  Effect.gen(function*() {
    const { lock, session } = yield* Effect.acquireRelease(
      Effect.tryPromise({ try: () => enter(place, settings), catch: toSinkError({ step: "open" }) }),
      ({ lock, session }) => Effect.promise(() => leave(place, lock, session))
    )
    yield* Effect.sleep(Lock.touchEvery).pipe(
      Effect.andThen(Effect.promise(() => lock.touch().catch(() => {}))),
      Effect.forever,
      Effect.forkScoped
    )
    return session.sink
  })

const enter = async (place: Place, settings: Session.Settings) => {
  await prepare(place)
  const lock = await Lock.acquire(place)
  try {
    // Whoever held the lock until now may have tidied the folders away.
    await prepare(place)
    await recover(place)
    await checkFormat(place, settings.format.geometry)
  } catch (error) {
    await tidy(place, lock)
    throw error
  }
  return { lock, session: Session.start(place, lock, settings) }
}

/** Does the rest of a commit that was cut off, and drops everything that no commit spoke for. */
const recover = async (place: Place): Promise<void> => {
  const { fs, hidden, intents, output, replaced, staging } = place
  for (const intent of await readIntents(place)) {
    await carryOut(place, intent, true)
    await forget(place, intent)
  }
  await syncDirectory(fs, intents)
  for (const folder of [staging, replaced]) {
    for (const name of await fs.readdir(folder)) await fs.remove(join(folder, name))
  }
  for (const name of await fs.readdir(hidden)) if (name.startsWith("lock.")) await fs.remove(join(hidden, name))
  for (const table of folders) {
    for (const batch of await namesIn(fs, join(output, table))) {
      for (const name of await namesIn(fs, join(output, table, batch))) {
        if (/^part-[0-9]+\.(?:parquet|ndjson)\.new$/.test(name)) await fs.remove(join(output, table, batch, name))
      }
      // Left behind by a commit that was taken back.
      await fs.rmdir(join(output, table, batch)).catch(() => {})
    }
    await fs.rmdir(join(output, table)).catch(() => {})
  }
}

const leave = async (place: Place, lock: Lock.Lock, session: Session.Session): Promise<void> => {
  if (!await lock.confirm().then(() => true, () => false)) return
  // Should this fail, the next `open` does it.
  await session.end().catch(() => {})
  await tidy(place, lock)
}

/** Leaves nothing of the sink's own behind, unless there is something to be done at the next `open`. */
const tidy = async (place: Place, lock: Lock.Lock): Promise<void> => {
  const { fs } = place
  for (const folder of [place.staging, place.intents, place.replaced]) await fs.rmdir(folder).catch(() => {})
  await lock.release().catch(() => {})
  await fs.rmdir(place.hidden).catch(() => {})
}
