/**
 * Merges the branches of writers into the dataset. A part whose jobs are all new moves unchanged, under the next
 * number. Otherwise, jobs that the dataset has already replace their rows in the dataset's parts, and the rest becomes
 * a new part. A branch stays unchanged until all of it has moved, so a killed merge runs again from its beginning.
 */
import { Files, type Journal, Target } from "@labelstream/storage"
import { randomUUID } from "node:crypto"
import { type Holders, readHolders } from "./holders.ts"
import { jobsAt, type Located, reconcile, rewrite } from "./part/mergePart.ts"
import type { Published, StagedFile, Target as Written } from "./part/partBuild.ts"
import { batchIdOf } from "./part/partFile.ts"
import type { Format } from "./part/rowGroup.ts"
import { batchFolders, partsOf, type Place } from "./target.ts"
import { stepsOf } from "./work.ts"

/** Merges branches. Returns how many jobs came. */
export const merge = async (
  place: Place,
  branches: ReadonlyArray<Place>,
  journal: Journal.Journal,
  format: Format
): Promise<number> => {
  let merged = 0
  for (const folder of await Target.namesOf(branches, batchFolders)) {
    const holders = await readHolders([place, ...branches], folder)
    for (const part of holders.parts) {
      if (part.place !== place) merged += await mergePart(place, journal, format, folder, holders, part)
    }
  }
  return merged
}

/** Merges one part of a branch, as one commit. Returns how many jobs came. */
const mergePart = async (
  place: Place,
  journal: Journal.Journal,
  format: Format,
  folder: string,
  holders: Holders,
  part: Published
) => {
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
  const token = randomUUID()
  const staging = journal.folderOf(token)
  await fs.mkdir(staging)
  const target: Written = { place, staging, format, folder, batchId: await batchIdOf(part, folder) }
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
        ? reconcile(target, part, next)
        : rewrite(target, part, next, ({ job }) => isFresh(job) ? "keep" : "drop"))
    )
  }
  await Files.syncDirectory(fs, staging)
  await Files.syncDirectory(fs, place.staging)
  await journal.commit(token, stepsOf(files))
  return fresh + replacing
}
