/**
 * Brings what the parts of writers hold into the place. The files of a job are renamed from the part to the place under
 * an intent, as a commit renames them from the staging folder; a part goes when all that it holds has come. Killed at any
 * moment, the next merge finds what is left: lines that the place has already are passed over.
 */
import type { JobSink } from "@labelstream/core"
import { Failure, Files, Lock } from "@labelstream/files"
import { randomUUID } from "node:crypto"
import { basename, join } from "node:path"
import * as Manifest from "../Manifest.ts"
import { inPlace } from "./compare.ts"
import { forEachLimit } from "./fs.ts"
import { batchesOf, type Held, heldLines, withScratch } from "./held.ts"
import { type Step, tokenHash, writeIntent } from "./intent.ts"
import { damaged, markUnordered, sizeOf } from "./manifestFile.ts"
import { partsOf, type Place } from "./place.ts"
import { carryOut, forget } from "./publish.ts"
import { take } from "./recover.ts"

/** Jobs of one intent. */
const atOnce = 1000

/** Jobs looked for at the same time. */
const jobsAtOnce = 8

interface Part {
  readonly place: Place
  readonly lock: Lock.Lock
}

/** Merges the parts that no writer has open. `lock` is held on the place, which is recovered. */
export const mergeParts = async (place: Place, lock: Lock.Lock): Promise<JobSink.Merged> => {
  const taken: Array<Part> = []
  const stillOpen: Array<string> = []
  let merged = 0
  try {
    for (const part of await partsOf(place)) {
      try {
        taken.push({ place: part, lock: await take(part) })
      } catch (error) {
        if (!(error instanceof Failure.Problem) || error.reason !== "conflict") throw error
        stillOpen.push(basename(part.output))
      }
    }
    const touch = async () => {
      for (const held of [lock, ...taken.map((part) => part.lock)]) await held.touch()
    }
    const parts = taken.map((part) => part.place)
    for (const batch of await batchesOf(parts)) merged += await mergeBatch(place, parts, batch, touch)
    await lock.confirm()
    for (const part of taken) await remove(place, part)
  } finally {
    for (const part of taken) await part.lock.release().catch(() => {})
  }
  await place.fs.rmdir(place.writers).catch(() => {})
  return { merged, stillOpen }
}

const mergeBatch = async (place: Place, parts: ReadonlyArray<Place>, batch: string, touch: () => Promise<void>) => {
  const { fs, ordering } = place
  const makeScratch = async () => {
    const folder = join(ordering, randomUUID())
    await fs.mkdir(folder)
    return folder
  }
  await markUnordered(place, batch)
  let merged = 0
  let waiting: Array<Held> = []
  const publish = async () => {
    await publishHeld(place, batch, waiting)
    await touch()
    merged += waiting.length
    waiting = []
  }
  for await (const held of withScratch(fs, makeScratch, (scratch) => heldLines([place, ...parts], batch, scratch))) {
    for (const job of held) if (job.from !== place) waiting.push(job)
    if (waiting.length >= atOnce) await publish()
  }
  if (waiting.length > 0) await publish()
  return merged
}

const publishHeld = async (place: Place, batch: string, jobs: ReadonlyArray<Held>) => {
  const { fs, output } = place
  const folder = join(output, batch)
  const steps: Array<Step> = []
  await forEachLimit(jobs, jobsAtOnce, async ({ from, line: text }, number) => {
    const line = Manifest.decodeLine(text)
    if (line === undefined) throw damaged(join(from.output, batch, Manifest.fileName), text)
    const found = await inPlace(fs, folder, line)
    const writer = basename(from.output)
    steps[number] = { folder: batch, number, unchanged: found === "same", isNew: found === "nothing", line, writer }
  })
  const size = await sizeOf(fs, join(folder, Manifest.fileName))
  const token = tokenHash(randomUUID())
  const intent = { version: 1, token, sequence: 0, manifests: [{ folder: batch, size }], steps } as const
  await writeIntent(place, intent)
  // A file that has gone from a part is missing from then on, as it would be from the place.
  await carryOut(place, intent, true)
  await forget(place, intent)
}

/** Takes a part away at one instant, so that nobody finds a half of it. */
const remove = async ({ fs, staging, writers }: Place, part: Part) => {
  await part.lock.confirm()
  const aside = join(staging, `part-${basename(part.place.output)}`)
  await fs.rename(part.place.output, aside)
  await Files.syncDirectory(fs, writers)
  await fs.remove(aside)
}
