/** Takes a place for this process: its lock, and an end to what a crash has left half done. */
import { Files, type Lock, Taking } from "@labelstream/files"
import { join } from "node:path"
import { readIntents } from "./intent.ts"
import { folders, namesIn, type Place, prepare } from "./place.ts"
import { carryOut, forget } from "./publish.ts"

/** Takes the lock of a place and recovers it. */
export const take = (place: Place): Promise<Lock.Lock> => Taking.take(place, prepare, recover)

/** Does the rest of a commit that was cut off, and drops everything that no commit spoke for. */
const recover = async (place: Place): Promise<void> => {
  const { fs, hidden, intents, output, replaced, staging } = place
  for (const intent of await readIntents(place)) {
    await carryOut(place, intent, true)
    await forget(place, intent)
  }
  await Files.syncDirectory(fs, intents)
  for (const folder of [staging, replaced]) {
    for (const name of await fs.readdir(folder)) await fs.remove(join(folder, name))
  }
  for (const name of await fs.readdir(hidden)) if (name.startsWith("lock.")) await fs.remove(join(hidden, name))
  for (const table of folders) {
    for (const batch of await namesIn(fs, join(output, table))) {
      // Left behind by a commit that was taken back.
      await fs.rmdir(join(output, table, batch)).catch(() => {})
    }
    await fs.rmdir(join(output, table)).catch(() => {})
  }
}
