/**
 * Brings what the branches of writers hold into the place: the files of a job are renamed under an intent, as a commit
 * renames them from the staging folder. Killed at any moment, the next merge finds what is left: lines that the place has
 * already are skipped.
 */
import { Files, type Journal, Target } from "@labelstream/storage"
import { randomUUID } from "node:crypto"
import { basename, join } from "node:path"
import * as Manifest from "../Manifest.ts"
import { type Held, heldLines, withScratch } from "./held.ts"
import { damaged, markUnordered } from "./manifestFile.ts"
import { batchFolders, type Place } from "./target.ts"
import { stepOf } from "./work.ts"

/** Jobs of one intent. */
const atOnce = 1000

/** Jobs looked for at the same time. */
const jobsAtOnce = 8

/** Merges branches. Returns how many jobs came. */
export const merge = async (
  place: Place,
  branches: ReadonlyArray<Place>,
  journal: Journal.Journal
): Promise<number> => {
  let merged = 0
  for (const batch of await Target.namesOf(branches, batchFolders)) {
    merged += await mergeBatch(place, branches, batch, journal)
  }
  return merged
}

const mergeBatch = async (place: Place, branches: ReadonlyArray<Place>, batch: string, journal: Journal.Journal) => {
  const { fs, staging } = place
  const makeScratch = async () => {
    const folder = join(staging, `merge-${randomUUID()}`)
    await fs.mkdir(folder)
    return folder
  }
  await markUnordered(place, batch)
  let merged = 0
  let waiting: Array<Held> = []
  const publish = async () => {
    const steps: Array<Journal.Step> = []
    await Files.forEachLimit(waiting, jobsAtOnce, async ({ from, line: text }, index) => {
      const line = Manifest.decodeLine(text)
      if (line === undefined) throw damaged(join(from.output, batch, Manifest.fileName), text)
      const branch = `writers/${basename(from.output)}/${batch}`
      steps[index] = await stepOf(place, batch, line, false, (_, path) => `${branch}/${path}`)
    })
    await journal.commit(randomUUID(), steps)
    merged += waiting.length
    waiting = []
  }
  for await (const held of withScratch(fs, makeScratch, (scratch) => heldLines([place, ...branches], batch, scratch))) {
    for (const job of held) if (job.from !== place) waiting.push(job)
    if (waiting.length >= atOnce) await publish()
  }
  if (waiting.length > 0) await publish()
  return merged
}
