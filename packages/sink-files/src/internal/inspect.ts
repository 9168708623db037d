/**
 * Reads back what is committed and compares it with what is there. Manifest and folder are both gone through in order of
 * names, side by side, so that memory stays the same for any number of jobs. Writes nothing into the output folder.
 */
import type { JobSink } from "@labelstream/core/sink"
import { Cursor, Files, type Fs, Hash, SortedLines, Target } from "@labelstream/storage"
import type { Dirent } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Manifest from "../Manifest.ts"
import { foldersOf, type Held, heldLines, withScratch } from "./held.ts"
import { countLines, damaged } from "./manifestFile.ts"
import { batchFolders, type Place } from "./target.ts"

/** Jobs inspected together, and how many of their files at the same time. */
const group = 256
const filesAtOnce = 8

/** Yields what was found, batch by batch in order of names, in arrays. */
export async function* inspect(
  places: Target.WithBranches<Place>,
  depth: JobSink.InspectDepth
): AsyncGenerator<ReadonlyArray<JobSink.Inspected>> {
  const { fs } = places[0]
  const scratch = () => fs.mkdtemp(join(tmpdir(), "labelstream-inspect-"))
  for (const batch of await Target.namesOf(places, batchFolders)) {
    yield* withScratch(fs, scratch, (makeFolder) => inspectBatch(places, batch, depth === "content", makeFolder))
  }
}

/** Counts the committed jobs of all batches in the manifests alone. */
export const count = async (places: Target.WithBranches<Place>): Promise<number> => {
  const [place] = places
  const { fs } = place
  const scratch = () => fs.mkdtemp(join(tmpdir(), "labelstream-count-"))
  let jobs = 0
  for (const batch of await Target.namesOf(places, batchFolders)) {
    // A manifest that is in order has one line of each job.
    if (places.length === 1 && await fs.find(join(place.unordered, batch)) === undefined) {
      jobs += await countLines(fs, join(place.output, batch, Manifest.fileName))
      continue
    }
    for await (const held of withScratch(fs, scratch, (makeFolder) => heldLines(places, batch, makeFolder))) {
      jobs += held.length
    }
  }
  return jobs
}

/** The path of the job, without `.json`, that a path under the output would belong to. */
export const jobPathOf = (path: string): string => path.split("/").slice(0, 2).join("/").replace(/\.json$/, "")

async function* inspectBatch(
  places: ReadonlyArray<Place>,
  batch: string,
  content: boolean,
  makeFolder: () => Promise<string>
): AsyncGenerator<ReadonlyArray<JobSink.Inspected>> {
  const { fs, output } = places[0]!
  const entries = new Cursor<SortedLines.Keyed, SortedLines.Keyed>(
    SortedLines.sort(fs, entriesOf(fs, join(output, batch)), makeFolder),
    (it) => it
  )
  try {
    await entries.advance()
    for await (const held of heldLines(places, batch, makeFolder)) {
      for (let start = 0; start < held.length; start += group) {
        const part = held.slice(start, start + group)
        const found: Array<JobSink.Inspected> = []
        const withFolder = new Set<string>()
        for (const { key } of part) {
          const { extra, hasFolder } = await pass(entries, key)
          for (const name of extra) found.push({ _tag: "Extra", path: `${batch}/${name}` })
          if (hasFolder) withFolder.add(key)
        }
        const jobs: Array<ReadonlyArray<JobSink.Inspected>> = []
        await Files.forEachLimit(part, filesAtOnce, async (job, index) => {
          jobs[index] = await inspectJob(batch, job, content, withFolder.has(job.key))
        })
        yield [...found, ...jobs.flat()]
      }
    }
    for (let { extra } = await pass(entries); extra.length > 0; extra = (await pass(entries)).extra) {
      yield extra.map((name) => ({ _tag: "Extra", path: `${batch}/${name}` }))
    }
  } finally {
    await entries.close()
  }
}

/** Looks at one job. `hasFolder` says whether the place itself has a folder for its nested files. */
const inspectJob = async (
  batch: string,
  { from, line: text }: Held,
  content: boolean,
  hasFolder: boolean
): Promise<ReadonlyArray<JobSink.Inspected>> => {
  const { fs } = from
  const line = Manifest.decodeLine(text)
  if (line === undefined) throw damaged(join(from.output, batch, Manifest.fileName), text)
  const ids = { batchId: line.batch, jobId: line.job }
  const folders = foldersOf(from, batch)
  // Does not look into anything that is not a folder, such as a link to one.
  const nestedFolders: Array<string> = []
  for (const [index, folder] of folders.entries()) {
    const isOwn = index === folders.length - 1
    const isFolder = isOwn ? hasFolder : (await fs.find(join(folder, line.name)))?.isDirectory() === true
    if (isFolder) nestedFolders.push(folder)
  }
  const found: Array<JobSink.Inspected> = []
  for (const [index, file] of line.files.entries()) {
    let comparison: Hash.Comparison = "missing"
    for (const folder of index > 0 ? nestedFolders : folders) {
      if (comparison === "missing") comparison = await Hash.compare(fs, folder, file, content)
    }
    if (comparison !== "same") {
      found.push({ _tag: comparison === "missing" ? "Missing" : "Modified", ...ids, path: `${batch}/${file.path}` })
    }
  }
  if (found.length === 0) {
    const receipt = { ...ids, revision: line.revision, bytes: line.bytes }
    found.push({ _tag: "Intact", projectId: line.project, receipt })
  }
  // What a job that lies in a part has in the place is of a revision before it, until the merge.
  if (!hasFolder || from.main !== undefined) return found
  const path = `${batch}/${line.name}`
  const nested = await Files.namesIn(fs, join(from.output, path))
  // An empty folder is as little part of a job without nested files as a full one.
  if (line.files.length === 1 && nested.length === 0) return [...found, { _tag: "Extra", path }]
  const expected = new Set(line.files.map(({ path }) => path))
  const extra = nested.filter((name) => !expected.has(`${line.name}/${name}`))
  return [...found, ...extra.map((name) => ({ _tag: "Extra" as const, path: `${path}/${name}` }))]
}

/** What is in a batch folder, keyed by the job that it would belong to and, within one job, document first. */
async function* entriesOf(fs: Fs, folder: string): AsyncGenerator<ReadonlyArray<SortedLines.Keyed>> {
  // A batch that only parts of writers hold has none yet.
  if (await fs.find(folder) === undefined) return
  const directory = await fs.opendir(folder)
  let batch: Array<SortedLines.Keyed> = []
  for await (const entry of directory) {
    if (entry.name !== Manifest.fileName) batch.push({ key: keyOf(entry), line: JSON.stringify(entry.name) })
    if (batch.length < 1000) continue
    yield batch
    batch = []
  }
  yield batch
}

/** No name of this sink holds a blank, and a blank sorts before every sign that they hold: jobs stay in their order. */
const keyOf = (entry: Dirent): string => {
  const { name } = entry
  if (!/^[A-Za-z0-9._~-]+$/.test(name)) return ` ${JSON.stringify(name)}`
  if (name.endsWith(".json")) return `${name.slice(0, -".json".length)} a`
  return entry.isDirectory() ? `${name} b` : `${name} c`
}

/**
 * Passes over the entries of a job. Returns the names before it that belong to none, and whether it has a folder; without
 * a job, up to 1,000 of the names that are left.
 */
const pass = async (entries: Cursor<SortedLines.Keyed, SortedLines.Keyed>, job?: string) => {
  const extra: Array<string> = []
  let hasFolder = false
  for (;;) {
    const { head } = entries
    if (head === undefined || (job === undefined ? extra.length === 1000 : head.key > `${job} b`)) break
    if (head.key === `${job} b`) hasFolder = true
    else if (head.key !== `${job} a`) extra.push(JSON.parse(head.line) as string)
    if (!entries.step()) await entries.advance()
  }
  return { extra, hasFolder }
}
