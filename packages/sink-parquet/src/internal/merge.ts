/**
 * Brings the shares of writers into the dataset. A part of which every job is new to the dataset is taken over as it is,
 * under the next number; of another one, the jobs that the dataset has already are brought into the dataset's own parts,
 * at their place among the rows, and the rest becomes a new part. A share goes when all that it holds has come; until
 * then it is as it was, so that a merge that was killed is run again from its beginning.
 */
import type { JobSink } from "@labelstream/core"
import { Failure, Files, Lock } from "@labelstream/files"
import { randomUUID } from "node:crypto"
import { basename, join } from "node:path"
import { batchesOf, type Holders, readHolders } from "./holders.ts"
import { tokenHash, writeIntent } from "./intent.ts"
import { adopt, jobsAt, type Located, rewrite } from "./mergePart.ts"
import type { Published, StagedFile, Target } from "./partBuild.ts"
import { batchIdOf } from "./partFile.ts"
import type { Format } from "./partWriter.ts"
import { checkFormat, partsOf, type Place, sharesOf } from "./place.ts"
import { carryOut, forget } from "./publish.ts"
import { take } from "./recover.ts"

interface Share {
  readonly place: Place
  readonly lock: Lock.Lock
}

/** Merges the shares that no writer has open. `lock` is held on the dataset, which is recovered. */
export const mergeShares = async (place: Place, format: Format, lock: Lock.Lock): Promise<JobSink.Merged> => {
  const taken: Array<Share> = []
  const stillOpen: Array<string> = []
  let merged = 0
  try {
    for (const share of await sharesOf(place)) {
      try {
        taken.push({ place: share, lock: await take(share) })
        await checkFormat(share, format.geometry)
      } catch (error) {
        if (!(error instanceof Failure.Problem) || error.reason !== "conflict") throw error
        stillOpen.push(basename(share.output))
      }
    }
    const shares = taken.map((share) => share.place)
    for (const folder of await batchesOf(shares)) {
      const holders = await readHolders([place, ...shares], folder)
      for (const part of holders.parts) {
        if (part.place === place) continue
        merged += await mergePart(place, format, folder, holders, part)
        for (const held of [lock, ...taken.map((share) => share.lock)]) await held.touch()
      }
    }
    await lock.confirm()
    for (const share of taken) await remove(place, share)
  } finally {
    for (const share of taken) await share.lock.release().catch(() => {})
  }
  await place.fs.rmdir(place.writers).catch(() => {})
  return { merged, stillOpen }
}

/** Merges one part of a share, as one commit. Answers how many jobs came. */
const mergePart = async (place: Place, format: Format, folder: string, holders: Holders, part: Published) => {
  const { fs } = place
  const moved = new Map<number, Map<string, Located>>()
  let [all, fresh, replacing] = [0, 0, 0]
  for await (const located of jobsAt(part, folder)) {
    all++
    const { job } = located.line
    if (!holders.isHeld(part, job)) continue
    const own = holders.inFirst(job)
    if (own === undefined) fresh++
    else {
      replacing++
      const jobs = moved.get(own) ?? new Map<string, Located>()
      moved.set(own, jobs.set(job, located))
    }
  }
  if (fresh + replacing === 0) return 0
  const token = tokenHash(randomUUID())
  const staging = join(place.staging, token)
  await fs.mkdir(staging)
  const target: Target = { place, staging, format, folder, batchId: await batchIdOf(part, folder) }
  const files: Array<StagedFile> = []
  for (const [own, jobs] of moved) {
    const keep = ({ job }: { readonly job: string }) => jobs.get(job) ?? "keep"
    files.push(...await rewrite(target, { place, part: own }, own, keep, part))
  }
  if (fresh > 0) {
    const next = ((await partsOf(place, folder)).at(-1) ?? 0) + 1
    const isFresh = (job: string) => holders.isHeld(part, job) && holders.inFirst(job) === undefined
    files.push(
      ...await (fresh === all
        ? adopt(target, part, next)
        : rewrite(target, part, next, ({ job }) => isFresh(job) ? "keep" : "drop"))
    )
  }
  await Files.syncDirectory(fs, staging)
  await Files.syncDirectory(fs, place.staging)
  const steps = files.map(({ from, size, to }) => ({ from, to, size, isNew: false }))
  const intent = { version: 1, token, steps } as const
  await writeIntent(place, intent)
  await carryOut(place, intent)
  await forget(place, intent)
  return fresh + replacing
}

/** Takes a share away at one instant, so that nobody finds a half of it. */
const remove = async ({ fs, staging, writers }: Place, share: Share) => {
  await share.lock.confirm()
  const aside = join(staging, `share-${basename(share.place.output)}`)
  await fs.rename(share.place.output, aside)
  await Files.syncDirectory(fs, writers)
  await fs.remove(aside)
}
