/**
 * Reads back what is committed and compares it with what is there: part by part, so that memory stays the same for any
 * number of jobs. A file that is damaged concerns every job of its part. Writes nothing.
 */
import type { JobSink } from "@labelstream/core/sink"
import { Files, Hash, Lines, Target } from "@labelstream/storage"
import { join } from "node:path"
import * as PartManifest from "../PartManifest.ts"
import { type Holders, linesOf, readHolders } from "./holders.ts"
import { emptyFile } from "./part/emptyTables.ts"
import type { Published } from "./part/partBuild.ts"
import { tailOf } from "./part/partFile.ts"
import { batchFolders, folders, partPath, partsOf, type Place } from "./target.ts"

type Fault = { readonly _tag: "Missing" | "Modified"; readonly path: string }

/** Yields what was found, in arrays. */
export async function* inspect(
  places: Target.WithBranches<Place>,
  depth: JobSink.InspectDepth
): AsyncGenerator<ReadonlyArray<JobSink.Inspected>> {
  const [place] = places
  for (const folder of await Target.namesOf(places, batchFolders)) {
    const holders = await readHolders(places, folder)
    for (const part of holders.parts) {
      if (!(yield* inspectPart(part, folder, holders, depth === "content")) && part.place === place) {
        place.damaged.set(folder, (place.damaged.get(folder) ?? new Set()).add(part.part))
      }
    }
  }
  yield* extras(place)
}

/** Counts the committed jobs from the manifests alone: the last line of each, if no writer has a branch. */
export const count = async (places: Target.WithBranches<Place>): Promise<number> => {
  let jobs = 0
  for (const folder of await Target.namesOf(places, batchFolders)) {
    const holders = await readHolders(places, folder)
    for (const published of holders.parts) {
      const { part, place: { fs, output } } = published
      const path = join(output, partPath("manifest", folder, part))
      if (places.length === 1) jobs += (await tailOf(fs, path))?.jobs ?? 0
      else for await (const { job } of linesOf(published, folder)) if (holders.isHeld(published, job)) jobs++
    }
  }
  return jobs
}

/** Returns whether the part is as it was committed. */
async function* inspectPart(
  published: Published,
  folder: string,
  { isHeld }: Holders,
  content: boolean
): AsyncGenerator<ReadonlyArray<JobSink.Inspected>, boolean> {
  const { part, place: { fs, output } } = published
  const path = partPath("manifest", folder, part)
  const tail = await tailOf(fs, join(output, path))
  const faults: Array<Fault> = []
  for (const file of tail?.files ?? []) {
    const found = await Hash.compare(fs, output, file, content)
    if (found !== "same") faults.push({ _tag: found === "missing" ? "Missing" : "Modified", path: file.path })
  }
  if (tail === undefined) faults.push({ _tag: "Modified", path })
  let batchId: string | undefined
  let jobs = 0
  for await (const lines of Lines.read(fs, join(output, path))) {
    const found: Array<JobSink.Inspected> = []
    for (const line of lines) {
      if (batchId === undefined) {
        const head = PartManifest.decodeHead(line)
        if (typeof head === "string") {
          yield [{ _tag: "Extra" as const, path }]
          return true
        }
        batchId = head.batch
        continue
      }
      const decoded = PartManifest.decodeLine(line)
      if (decoded === undefined || "files" in decoded) continue
      jobs++
      if (!isHeld(published, decoded.job)) continue
      const ids = { batchId, jobId: decoded.job }
      const { bytes, project: projectId, revision } = decoded
      if (faults.length === 0) found.push({ _tag: "Intact", projectId, receipt: { ...ids, revision, bytes } })
      else for (const fault of faults) found.push({ ...fault, ...ids })
    }
    if (found.length > 0) yield found
  }
  // Lines that cannot be read stand for jobs that cannot be named.
  if (tail !== undefined && jobs !== tail.jobs) {
    yield [{ _tag: "Modified" as const, batchId: batchId ?? "", jobId: "", path }]
    return false
  }
  return faults.length === 0
}

/** What is in the dataset's folders and belongs to no part. */
async function* extras(place: Place): AsyncGenerator<ReadonlyArray<JobSink.Inspected>> {
  const { fs, output } = place
  const batches = new Map<string, ReadonlySet<number>>()
  for (const folder of await batchFolders(place)) batches.set(folder, new Set(await partsOf(place, folder)))
  for (const table of folders) {
    for (const folder of await Files.namesIn(fs, join(output, table))) {
      if (folder === emptyFile && table !== "manifest") continue
      const parts = batches.get(folder)
      if (parts === undefined) {
        yield [{ _tag: "Extra", path: `${table}/${folder}` }]
        continue
      }
      const found = (await Files.namesIn(fs, join(output, table, folder))).map((name) => `${table}/${folder}/${name}`)
      const expected = new Set(Array.from(parts, (part) => partPath(table, folder, part)))
      const extra = found.filter((path) => !expected.has(path))
      if (extra.length > 0) yield extra.map((path) => ({ _tag: "Extra", path }))
    }
  }
}
