/** The records of a store in order of their paths, which is that of batch and job ids where ids are ordinary. */
import type { JobSink } from "@labelstream/core/sink"
import { Files, type Fs, Hash, SortedLines } from "@labelstream/storage"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Needs, paths, type Place, readAbout, suffices, version } from "./place.ts"
import * as StoredRecord from "./StoredRecord.ts"

const ending = ".ndjson"

/** Yields `<batch>/<job>` for each record, in arrays. `makeFolder` makes a folder for sorting; the caller removes it. */
export async function* recordPaths(
  { fs, store }: Place,
  makeFolder: () => Promise<string>
): AsyncGenerator<ReadonlyArray<string>> {
  let folder: Promise<string> | undefined
  const once = () => folder ??= makeFolder()
  for (const batch of await Files.namesIn(fs, store)) {
    if ((await fs.find(join(store, batch)))?.isDirectory() !== true) continue
    for await (const names of SortedLines.sort(fs, namesOf(fs, join(store, batch)), once)) {
      yield names.map(({ key }) => `${batch}/${key}`)
    }
  }
}

/** Names of records in a folder, without their ending, as the system lists them. */
async function* namesOf(fs: Fs, folder: string): AsyncGenerator<ReadonlyArray<SortedLines.Keyed>> {
  let names: Array<SortedLines.Keyed> = []
  for await (const entry of await fs.opendir(folder)) {
    if (entry.name.endsWith(ending)) names.push({ key: entry.name.slice(0, -ending.length), line: "" })
    if (names.length < 1000) continue
    yield names
    names = []
  }
  yield names
}

/** The path of a record. */
export const recordAt = ({ store }: Place, path: string): string => join(store, `${path}${ending}`)

/** Runs over something that sorts in a folder of its own outside of the dataset, and removes that. */
export async function* withScratch<A>(
  { fs }: Place,
  run: (makeFolder: () => Promise<string>) => AsyncGenerator<A>
): AsyncGenerator<A> {
  let made: string | undefined
  try {
    yield* run(async () => made ??= await fs.mkdtemp(join(tmpdir(), "labelstream-dataset-")))
  } finally {
    if (made !== undefined) await fs.remove(made)
  }
}

/** Counts the jobs that the store holds with all that is needed. */
export const count = async (place: Place, needs: Needs): Promise<number> => {
  const about = await readAbout(place)
  if (about === undefined) return 0
  const isSure = about.version === version && suffices(about.needs, needs)
  let jobs = 0
  for await (const some of withScratch(place, (makeFolder) => recordPaths(place, makeFolder))) {
    if (isSure) jobs += some.length
    else {
      for (const path of some) {
        const found = await StoredRecord.readHead(place.fs, recordAt(place, path))
        if (found.is === "current" && suffices(found.head.made, needs)) jobs++
      }
    }
  }
  return jobs
}

/** Jobs inspected at the same time. */
const atOnce = 8

/** Yields what the store holds. */
export async function* inspectStore(
  place: Place,
  needs: Needs,
  depth: JobSink.InspectDepth
): AsyncGenerator<ReadonlyArray<JobSink.Inspected>> {
  for await (const some of withScratch(place, (makeFolder) => recordPaths(place, makeFolder))) {
    const found: Array<ReadonlyArray<JobSink.Inspected>> = []
    await Files.forEachLimit(some, atOnce, async (path, index) => {
      found[index] = await inspectRecord(place, path, needs, depth === "content")
    })
    yield found.flat()
  }
  yield* strays(place)
}

/** Yields paths in the store that belong to no record. */
async function* strays({ fs, store }: Place): AsyncGenerator<ReadonlyArray<JobSink.Inspected>> {
  for (const batch of await Files.namesIn(fs, store)) {
    const folder = join(store, batch)
    if ((await fs.find(folder))?.isDirectory() !== true) {
      yield [{ _tag: "Extra", path: `${paths.store}/${batch}` }]
      continue
    }
    for await (const { name } of await fs.opendir(folder)) {
      if (name.endsWith(ending) || await fs.find(join(folder, `${name}${ending}`)) !== undefined) continue
      yield [{ _tag: "Extra", path: `${paths.store}/${batch}/${name}` }]
    }
  }
}

const inspectRecord = async (
  place: Place,
  path: string,
  needs: Needs,
  content: boolean
): Promise<ReadonlyArray<JobSink.Inspected>> => {
  const { fs, store } = place
  const file = recordAt(place, path)
  const found = await StoredRecord.readHead(fs, file)
  const at = `${paths.store}/${path}${ending}`
  // Its ids are what the damage may be in; the names of its files are those of ordinary ids.
  const [batchId, jobId] = path.split("/") as [string, string]
  if (found.is !== "current") {
    return [{ _tag: found.is === "damaged" ? "Modified" : "Missing", batchId, jobId, path: at }]
  }
  const { head: { bytes, files, job, made, project, revision }, first } = found
  const ids = { batchId: job.batchId, jobId: job.jobId }
  if (!suffices(made, needs)) return [{ _tag: "Missing", ...ids, path: at }]
  const wrong: Array<JobSink.Inspected> = []
  if (content && !await StoredRecord.isWhole(fs, file, first)) wrong.push({ _tag: "Modified", ...ids, path: at })
  for (const { name, sha256, size } of files) {
    const comparison = await Hash.compare(fs, join(store, path), { path: name, size, sha256 }, content)
    if (comparison === "same") continue
    const _tag = comparison === "missing" ? "Missing" : "Modified"
    wrong.push({ _tag, ...ids, path: `${paths.store}/${path}/${name}` })
  }
  const expected = new Set(files.map(({ name }) => name))
  const extra = (await Files.namesIn(fs, join(store, path))).filter((name) => !expected.has(name))
    .map((name): JobSink.Inspected => ({ _tag: "Extra", path: `${paths.store}/${path}/${name}` }))
  if (wrong.length > 0) return [...wrong, ...extra]
  return [{ _tag: "Intact", projectId: project, receipt: { ...ids, revision, bytes } }, ...extra]
}
