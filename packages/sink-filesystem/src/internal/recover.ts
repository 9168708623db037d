/** Opens a place: takes its lock, ends what a crash has left half done, and tidies up when it is closed. */
import type { JobSink } from "@labelstream/core"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { join } from "node:path"
import * as Manifest from "../Manifest.ts"
import { toSinkError } from "./failure.ts"
import { syncDirectory } from "./fs.ts"
import { readIntents } from "./intent.ts"
import * as Lock from "./lock.ts"
import { repair } from "./manifestFile.ts"
import { batchFolders, type Place, prepare } from "./place.ts"
import { carryOut, forget } from "./publish.ts"
import * as Session from "./session.ts"

/** Opens the place for writing, until the scope closes. */
export const open = (place: Place): Effect.Effect<JobSink.OpenSink, JobSink.SinkError, Scope.Scope> =>
  Effect.gen(function*() {
    const { lock, session } = yield* Effect.acquireRelease(
      Effect.tryPromise({ try: () => enter(place), catch: toSinkError({ step: "open" }) }),
      ({ lock, session }) => Effect.promise(() => leave(place, lock, session))
    )
    yield* Effect.sleep(Lock.touchEvery).pipe(
      Effect.andThen(Effect.promise(() => lock.touch().catch(() => {}))),
      Effect.forever,
      Effect.forkScoped
    )
    return session.sink
  })

const enter = async (place: Place) => {
  await prepare(place)
  const lock = await Lock.acquire(place)
  try {
    // Whoever held the lock until now may have tidied the folders away.
    await prepare(place)
    await recover(place)
  } catch (error) {
    await lock.release().catch(() => {})
    throw error
  }
  return { lock, session: Session.start(place, lock) }
}

/** Does the rest of a commit that was cut off, and drops everything that no commit spoke for. */
const recover = async (place: Place): Promise<void> => {
  const { fs, output } = place
  for (const intent of await readIntents(place)) {
    await carryOut(place, intent, true)
    await forget(place, intent)
  }
  await syncDirectory(fs, place.intents)
  for (const folder of [place.staging, place.replaced, place.ordering]) {
    for (const name of await fs.readdir(folder)) await fs.remove(join(folder, name))
  }
  for (const name of await fs.readdir(place.hidden)) {
    if (name.startsWith("lock.")) await fs.remove(join(place.hidden, name))
  }
  for (const folder of await batchFolders(place)) await repair(fs, join(output, folder, Manifest.fileName))
}

/** Leaves nothing of the sink's own behind, unless there is something to be done at the next `open`. */
const leave = async (place: Place, lock: Lock.Lock, session: Session.Session): Promise<void> => {
  const { fs } = place
  // Should this fail, the next `open` does it.
  const quietly = (work: Promise<unknown>) => work.then(() => {}, () => {})
  if (!await lock.confirm().then(() => true, () => false)) return
  await quietly(session.end())
  for (const folder of [place.staging, place.intents, place.replaced, place.unordered, place.ordering]) {
    await quietly(fs.rmdir(folder))
  }
  await quietly(lock.release())
  await quietly(fs.rmdir(place.hidden))
}
