/** Takes a place for this process, and gives it free. */
import { codeOf, type Operations } from "./Files.ts"
import * as Lock from "./Lock.ts"

/** A place that can be taken. */
export interface Place extends Lock.Place {
  readonly fs: Operations & { readonly rmdir: (path: string) => Promise<void> }
  /** Folders of the sink's own, which go with it when they are empty; those inside others first. */
  readonly own: ReadonlyArray<string>
  /** The folder that holds the lock. */
  readonly hidden: string
  /** Folders around a part of one writer, the innermost first; they too go when they are empty. */
  readonly around: ReadonlyArray<string>
}

/**
 * Makes a place's folders, takes its lock and recovers it. Another process may tidy the folders away at any time before
 * the lock is held: they are made twice, and those around a part are tried for some times.
 */
export const take = async <P extends Place>(
  place: P,
  prepare: (place: P) => Promise<void>,
  recover: (place: P) => Promise<void>
): Promise<Lock.Lock> => {
  const lock = await prepareAndLock(place, prepare)
  try {
    await recover(place)
  } catch (error) {
    await leave(place, lock)
    throw error
  }
  return lock
}

const prepareAndLock = async <P extends Place>(place: P, prepare: (place: P) => Promise<void>): Promise<Lock.Lock> => {
  for (let tries = 1;; tries++) {
    try {
      await prepare(place)
      const lock = await Lock.acquire(place)
      await prepare(place).catch((error: unknown) => lock.release().catch(() => {}).then(() => Promise.reject(error)))
      return lock
    } catch (error) {
      if (place.around.length === 0 || codeOf(error) !== "ENOENT" || tries === 10) throw error
    }
  }
}

/** Gives a place free, and leaves nothing of the sink's own behind, unless there is something to be done later. */
export const leave = async (place: Place, lock: Lock.Lock): Promise<void> => {
  const { around, fs, hidden, own } = place
  // Should any of this fail, the next one who takes the place does it.
  const quietly = (work: Promise<unknown>) => work.then(() => {}, () => {})
  if (!await lock.confirm().then(() => true, () => false)) return
  for (const folder of own) await quietly(fs.rmdir(folder))
  await quietly(lock.release())
  for (const folder of [hidden, ...around]) await quietly(fs.rmdir(folder))
}
