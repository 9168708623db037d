/** Takes a place for this process: its lock, and an end to what a crash has left half done. */
import { join } from "node:path"
import { codeOf, syncDirectory } from "./fs.ts"
import { readIntents } from "./intent.ts"
import * as Lock from "./lock.ts"
import { folders, namesIn, type Place, prepare } from "./place.ts"
import { carryOut, forget } from "./publish.ts"

/** Takes the lock of a place and recovers it. */
export const take = async (place: Place): Promise<Lock.Lock> => {
  const lock = await prepareAndLock(place)
  try {
    await recover(place)
  } catch (error) {
    await leave(place, lock)
    throw error
  }
  return lock
}

/** Another process may tidy the folders away at any time before the lock is held: a share whole, with those around it. */
const prepareAndLock = async (place: Place): Promise<Lock.Lock> => {
  for (let tries = 1;; tries++) {
    try {
      await prepare(place)
      const lock = await Lock.acquire(place)
      await prepare(place).catch((error: unknown) => lock.release().catch(() => {}).then(() => Promise.reject(error)))
      return lock
    } catch (error) {
      if (place.main === undefined || codeOf(error) !== "ENOENT" || tries === 10) throw error
    }
  }
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

/** Gives a place free, and leaves nothing of the sink's own behind, unless there is something to be done later. */
export const leave = async (place: Place, lock: Lock.Lock): Promise<void> => {
  const { fs, main } = place
  const quietly = (work: Promise<unknown>) => work.then(() => {}, () => {})
  if (!await lock.confirm().then(() => true, () => false)) return
  for (const folder of [place.staging, place.intents, place.replaced]) await quietly(fs.rmdir(folder))
  await quietly(lock.release())
  await quietly(fs.rmdir(place.hidden))
  if (main === undefined) return
  for (const folder of [place.output, main.writers, main.hidden]) await quietly(fs.rmdir(folder))
}
