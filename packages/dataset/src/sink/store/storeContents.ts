/** What the store holds, for count and inspect. */
import type { JobSink } from "@labelstream/core/sink"
import { Cursor, Files, type Fs, Hash, SortedLines } from "@labelstream/storage"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Needs, paths, type Place, readAbout, suffices, version } from "../place.ts"
import { jobIn, latest } from "./jobList.ts"
import * as RecordFile from "./recordFile.ts"
import { keyOf, type RecordPlace, type StoredJob } from "./StoredRecord.ts"

/** Runs over something that sorts in folders of its own outside of the dataset, and removes them. */
export async function* withScratch<A>(
  { fs }: Place,
  run: (makeFolder: () => Promise<string>) => AsyncGenerator<A>
): AsyncGenerator<A> {
  const made: Array<string> = []
  try {
    yield* run(async () => {
      const folder = await fs.mkdtemp(join(tmpdir(), "labelstream-dataset-"))
      made.push(folder)
      return folder
    })
  } finally {
    for (const folder of made) await fs.remove(folder)
  }
}

/** Counts the jobs that the store holds with all that is needed. */
export const count = async (place: Place, needs: Needs): Promise<number> => {
  const about = await readAbout(place)
  if (about?.version !== version) return 0
  const isSure = suffices(about.needs, needs)
  let jobs = 0
  for await (const lines of withScratch(place, (makeFolder) => latest(place, makeFolder, isSure))) {
    jobs += isSure ? lines.length : lines.filter((line) => suffices(jobIn(place, line).made, needs)).length
  }
  return jobs
}

/** Yields what the store holds. */
export const inspectStore = (
  place: Place,
  needs: Needs,
  depth: JobSink.InspectDepth
): AsyncGenerator<ReadonlyArray<JobSink.Inspected>> =>
  withScratch(place, (makeFolder) => inspect(place, needs, depth === "content", makeFolder))

async function* inspect(
  place: Place,
  needs: Needs,
  content: boolean,
  makeFolder: () => Promise<string>
): AsyncGenerator<ReadonlyArray<JobSink.Inspected>> {
  const { fs, records, store } = place
  const about = await readAbout(place)
  if (about?.version !== version) return
  // The folders of jobs, in the order of the jobs.
  const folders = new Cursor<SortedLines.Keyed, SortedLines.Keyed>(
    SortedLines.sort(fs, foldersIn(fs, store), makeFolder),
    (entry) => entry
  )
  /** Takes the entries before a key. */
  const strays = async (before?: string) => {
    const found: Array<JobSink.Inspected> = []
    while (folders.head !== undefined && (before === undefined ? found.length < 1000 : folders.head.key < before)) {
      found.push({ _tag: "Extra", path: `${paths.store}/${JSON.parse(folders.head.line) as string}` })
      if (!folders.step()) await folders.advance()
    }
    return found
  }
  const reader = RecordFile.reader(fs, records)
  try {
    await folders.advance()
    for await (const lines of latest(place, makeFolder)) {
      const found: Array<JobSink.Inspected> = []
      for (const line of lines) {
        found.push(...await strays(line.key))
        const hasFolder = folders.head?.key === line.key
        if (hasFolder && !folders.step()) await folders.advance()
        found.push(...await inspectJob(place, jobIn(place, line), needs, content ? reader : undefined, hasFolder))
      }
      yield found
    }
    for (let found = await strays(); found.length > 0; found = await strays()) yield found
  } finally {
    await folders.close()
    await reader.close()
  }
}

/** Inspects one job: with a reader, also the content of its record and of its files. */
const inspectJob = async (
  place: Place,
  { bytes, files, job, made, path, project, record, revision }: StoredJob,
  needs: Needs,
  reader: RecordFile.RecordReader | undefined,
  hasFolder: boolean
): Promise<ReadonlyArray<JobSink.Inspected>> => {
  const { fs, store } = place
  const ids = { batchId: job.batchId, jobId: job.jobId }
  const recordAt = `${paths.records}/${record.file}`
  if (!suffices(made, needs)) return [{ _tag: "Missing", ...ids, path: recordAt }]
  const wrong: Array<JobSink.Inspected> = []
  const add = (comparison: Hash.Comparison, path: string) => {
    if (comparison !== "same") wrong.push({ _tag: comparison === "missing" ? "Missing" : "Modified", ...ids, path })
  }
  add(await compareRecord(place, record, reader), recordAt)
  for (const { name, sha256, size } of files) {
    const file = { path: name, size, sha256 }
    add(await Hash.compare(fs, join(store, path), file, reader !== undefined), `${paths.store}/${path}/${name}`)
  }
  const expected = new Set(files.map(({ name }) => name))
  const extra = (hasFolder ? await Files.namesIn(fs, join(store, path)) : []).filter((name) => !expected.has(name))
    .map((name): JobSink.Inspected => ({ _tag: "Extra", path: `${paths.store}/${path}/${name}` }))
  if (wrong.length > 0) return [...wrong, ...extra]
  return [{ _tag: "Intact", projectId: project, receipt: { ...ids, revision, bytes } }, ...extra]
}

const compareRecord = async (
  { fs, records }: Place,
  record: RecordPlace,
  reader: RecordFile.RecordReader | undefined
): Promise<Hash.Comparison> => {
  const found = await fs.find(join(records, record.file))
  if (found === undefined) return "missing"
  if (!found.isFile() || found.size < record.at + record.size) return "modified"
  return reader === undefined || await RecordFile.isWhole(reader, record) ? "same" : "modified"
}

/** The entries of the store that can be folders of jobs, by the keys of the jobs, and those that cannot, before them. */
async function* foldersIn(fs: Fs, store: string): AsyncGenerator<ReadonlyArray<SortedLines.Keyed>> {
  for (const batch of await Files.namesIn(fs, store)) {
    const entry = (path: string, isJob: boolean) => {
      const line = JSON.stringify(path)
      return { key: isJob && /^[\w.~/-]+$/.test(path) ? keyOf(path) : ` ${line}`, line }
    }
    if ((await fs.find(join(store, batch)))?.isDirectory() !== true) {
      yield [entry(batch, false)]
      continue
    }
    let entries: Array<SortedLines.Keyed> = []
    for await (const { name } of await fs.opendir(join(store, batch))) {
      entries.push(entry(`${batch}/${name}`, true))
      if (entries.length < 1000) continue
      yield entries
      entries = []
    }
    yield entries
  }
}
