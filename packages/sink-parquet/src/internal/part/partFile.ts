/** Reads the manifests of parts. */
import { Failure, Files, type Fs, Lines } from "@labelstream/storage"
import { join } from "node:path"
import * as PartManifest from "../../PartManifest.ts"
import { headOf, partPath, partsOf, type Place } from "../target.ts"
import { JobIndex } from "./jobIndex.ts"

/** Yields the jobs of a part in order, in arrays. Fails with `corrupt` where the manifest is not whole. */
export async function* jobsOf(fs: Fs, path: string): AsyncGenerator<ReadonlyArray<PartManifest.Job>> {
  let count = -1
  let tail: PartManifest.Tail | undefined
  for await (const lines of Lines.read(fs, path)) {
    const jobs: Array<PartManifest.Job> = []
    for (const line of lines) {
      if (count < 0) {
        if (typeof PartManifest.decodeHead(line) === "string") throw damaged(path)
        count = 0
        continue
      }
      const decoded = PartManifest.decodeLine(line)
      if (decoded === undefined || tail !== undefined) throw damaged(path)
      if ("files" in decoded) tail = decoded
      else jobs.push(decoded)
    }
    count += jobs.length
    if (jobs.length > 0) yield jobs
  }
  if (tail === undefined || tail.jobs !== count) throw damaged(path)
}

/** The last line of a manifest, which names the files; undefined if it is missing. */
export const tailOf = (fs: Fs, path: string): Promise<PartManifest.Tail | undefined> =>
  Files.withFile(fs, path, "r", async (fd) => {
    const { size } = await fs.fstat(fd)
    const bytes = Buffer.alloc(Math.min(size, longestTail))
    await Files.readFully(fs, fd, bytes, size - bytes.length)
    const text = bytes.toString("utf8")
    if (!text.endsWith("\n")) return undefined
    const decoded = PartManifest.decodeLine(text.slice(text.lastIndexOf("\n", text.length - 2) + 1))
    return decoded !== undefined && "files" in decoded ? decoded : undefined
  })

/** The batch that a part belongs to, as its manifest says. */
export const batchIdOf = async ({ part, place }: { place: Place; part: number }, folder: string): Promise<string> => {
  const path = join(place.output, partPath("manifest", folder, part))
  const head = await headOf(place.fs, path)
  if (head !== undefined) return head.batch
  throw damaged(path)
}

/** Four files, each with a path of at most 300 characters. */
const longestTail = 8 * 1024

/** What is known of a batch's parts. */
export interface Batch {
  readonly index: JobIndex
  /** Number of the last part, 0 if there is none. */
  last: number
  /** Weight of the last part. */
  weight: number
  /** Parts that the next commit replaces, ascending: they are damaged, and what they held counts as not stored. */
  damaged: ReadonlyArray<number>
}

/** Reads which jobs the parts of a batch hold. */
export const readBatch = async (place: Place, folder: string, batchId: string): Promise<Batch> => {
  const given = place.damaged.get(folder) ?? new Set()
  const parts = await partsOf(place, folder)
  const batch: Batch = { index: new JobIndex(), last: 0, weight: 0, damaged: parts.filter((part) => given.has(part)) }
  for (const part of parts) {
    if (given.has(part)) {
      batch.last = part
      continue
    }
    const path = join(place.output, partPath("manifest", folder, part))
    if (await batchIdOf({ place, part }, folder) !== batchId) throw damaged(path)
    for await (const jobs of jobsOf(place.fs, path)) for (const { job } of jobs) batch.index.add(job, part)
    batch.last = part
    batch.weight = (await tailOf(place.fs, path))?.weight ?? 0
  }
  return batch
}

/** What is not as it was committed. */
export const damaged = (path: string, cause?: unknown) =>
  new Failure.Problem("corrupt", `${path} is damaged: restore it, or move its part away and export its jobs again`, {
    cause
  })
