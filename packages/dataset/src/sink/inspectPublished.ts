/** Compares the list of published files with the folder, in order of paths. */
import type { JobSink } from "@labelstream/core/sink"
import { Cursor, Files, type Fs, Hash, SortedLines } from "@labelstream/storage"
import { join } from "node:path"
import type { Place } from "./place.ts"
import { type Published, readHeader, readPublished } from "./publication.ts"
import { withScratch } from "./store/storeContents.ts"

const atOnce = 8

/**
 * Yields the published files that are missing or modified, which the next `finish` restores, and files that are not part of
 * the dataset. Files that a killed run was about to change are leftovers. None of them belongs to a single job.
 */
export const inspectPublished = (
  place: Place,
  depth: JobSink.InspectDepth
): AsyncGenerator<ReadonlyArray<JobSink.Inspected>> =>
  withScratch(place, (makeFolder) => inspect(place, depth, makeFolder))

async function* inspect(
  place: Place,
  depth: JobSink.InspectDepth,
  makeFolder: () => Promise<string>
): AsyncGenerator<ReadonlyArray<JobSink.Inspected>> {
  const { fs, output } = place
  const isDone = (await readHeader(place))?.done ?? true
  const entries = new Cursor<SortedLines.Keyed, SortedLines.Keyed>(
    SortedLines.sort(fs, filesIn(fs, output), makeFolder),
    (entry) => entry
  )
  const next = async () => {
    if (!entries.step()) await entries.advance()
  }
  /** Takes the files before a path, or up to 1,000 of all that are left. */
  const extras = async (before?: string) => {
    const found: Array<JobSink.Inspected> = []
    for (; entries.head !== undefined; await next()) {
      if (before === undefined ? found.length === 1000 : entries.head.key >= before) break
      found.push({ _tag: "Extra", path: JSON.parse(entries.head.line) as string })
    }
    return found
  }
  const inspectOne = async (file: Published): Promise<ReadonlyArray<JobSink.Inspected>> => {
    const { path } = file
    if (!isDone) return await fs.find(join(output, path)) === undefined ? [] : [{ _tag: "Leftover", path }]
    const comparison = await Hash.compare(fs, output, file, depth === "content")
    return comparison === "same" ? [] : [{ _tag: comparison === "missing" ? "Missing" : "Modified", path }]
  }
  try {
    await entries.advance()
    for await (const files of readPublished(place)) {
      const found: Array<JobSink.Inspected> = []
      for (const { path } of files) {
        found.push(...await extras(path))
        if (entries.head?.key === path) await next()
      }
      await Files.forEachLimit(files, atOnce, async (file) => void found.push(...await inspectOne(file)))
      yield found
    }
    for (let found = await extras(); found.length > 0; found = await extras()) yield found
  } finally {
    await entries.close()
  }
}

/** The files below a folder by their paths, without the sink's own folder. */
async function* filesIn(fs: Fs, output: string, folder = ""): AsyncGenerator<ReadonlyArray<SortedLines.Keyed>> {
  if ((await fs.find(join(output, folder)))?.isDirectory() !== true) return
  const folders: Array<string> = []
  let files: Array<SortedLines.Keyed> = []
  for await (const entry of await fs.opendir(join(output, folder))) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`
    if (path === ".labelstream") continue
    const line = JSON.stringify(path)
    // No published path has a tab or a line end.
    if (entry.isDirectory()) folders.push(path)
    else files.push({ key: /[\t\n]/.test(path) ? line : path, line })
    if (files.length < 1000) continue
    yield files
    files = []
  }
  yield files
  for (const path of folders) yield* filesIn(fs, output, path)
}
