/** Takes a place for this process: its lock, and an end to what a crash has left half done. */
import { Files, type Lock, Taking } from "@labelstream/files"
import { join } from "node:path"
import * as Manifest from "../Manifest.ts"
import { readIntents } from "./intent.ts"
import { repair } from "./manifestFile.ts"
import { batchFolders, type Place, prepare } from "./place.ts"
import { carryOut, forget } from "./publish.ts"

/** Takes the lock of a place and recovers it. */
export const take = (place: Place): Promise<Lock.Lock> => Taking.take(place, prepare, recover)

/** Does the rest of a commit that was cut off, and drops everything that no commit spoke for. */
const recover = async (place: Place): Promise<void> => {
  const { fs, output } = place
  for (const intent of await readIntents(place)) {
    await carryOut(place, intent, true)
    await forget(place, intent)
  }
  await Files.syncDirectory(fs, place.intents)
  for (const folder of [place.staging, place.replaced, place.ordering]) {
    for (const name of await fs.readdir(folder)) await fs.remove(join(folder, name))
  }
  for (const name of await fs.readdir(place.hidden)) {
    if (name.startsWith("lock.")) await fs.remove(join(place.hidden, name))
  }
  for (const folder of await batchFolders(place)) await repair(fs, join(output, folder, Manifest.fileName))
}
