/**
 * Finds the part that holds a job in a dataset and the branches of its writers: the one in which the job was stored
 * last. Reads only manifests, and keeps 12 bytes per job, and more for jobs that are in several parts.
 */
import { Lines } from "@labelstream/storage"
import { join } from "node:path"
import * as PartManifest from "../PartManifest.ts"
import { JobIndex } from "./part/jobIndex.ts"
import type { Published } from "./part/partBuild.ts"
import { partPath, partsOf, type Place } from "./target.ts"

/** The parts of one batch in the places, in their order, and which of them holds a job. */
export interface Holders {
  readonly parts: ReadonlyArray<Published>
  /** Whether it is this part's word that counts for a job that it has. */
  readonly isHeld: (part: Published, jobId: string) => boolean
  /** The part of the first place that has a job which is in another place as well. */
  readonly inFirst: (jobId: string) => number | undefined
}

/** Reads who holds what. Of equal words the one of the earlier place counts. */
export const readHolders = async (places: ReadonlyArray<Place>, folder: string): Promise<Holders> => {
  const parts: Array<Published> = []
  for (const place of places) for (const part of await partsOf(place, folder)) parts.push({ place, part })
  const [first] = places
  if (parts.every(({ place }) => place === first)) return { parts, isHeld: () => true, inFirst: () => undefined }
  const index = new JobIndex()
  const several = new Set<string>()
  for (const [at, part] of parts.entries()) {
    for await (const { job } of linesOf(part, folder)) {
      if (index.find(job).length > 0) several.add(job)
      index.add(job, at + 1)
    }
  }
  const held = new Map<string, { readonly part: Published; readonly stored: number }>()
  const inFirst = new Map<string, number>()
  for (const part of several.size === 0 ? [] : parts) {
    for await (const { job, stored = 0 } of linesOf(part, folder)) {
      if (!several.has(job)) continue
      const other = held.get(job)
      if (other === undefined || stored > other.stored) held.set(job, { part, stored })
      if (part.place === first) inFirst.set(job, part.part)
    }
  }
  return {
    parts,
    isHeld: (part, jobId) => (held.get(jobId)?.part ?? part) === part,
    inFirst: (jobId) => inFirst.get(jobId)
  }
}

/** The lines of jobs. Damage is reported elsewhere. */
export async function* linesOf({ part, place }: Published, folder: string): AsyncGenerator<PartManifest.Job> {
  for await (const lines of Lines.read(place.fs, join(place.output, partPath("manifest", folder, part)))) {
    for (const line of lines) {
      const decoded = PartManifest.decodeLine(line)
      if (decoded !== undefined && !("files" in decoded)) yield decoded
    }
  }
}
