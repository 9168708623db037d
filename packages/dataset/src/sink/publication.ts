/**
 * What readers see of a dataset, and how it changes: unchanged files stay, files that are no longer part go, and the files
 * that readers open first are removed before all others change and put back after. A run that is cut off in the middle
 * leaves no such file, and a list of all paths that may be there; the next one publishes again.
 */
import { Cursor, Failure, Files, Hash, type Journal, Lines, SortedLines } from "@labelstream/storage"
import { randomUUID } from "node:crypto"
import { join } from "node:path"
import * as LineWriter from "./lineWriter.ts"
import { makeFolder, paths, type Place, putBuilt } from "./place.ts"
import type { Built } from "./stagedOutput.ts"

/** The first line of the list of what was published. */
export interface Header {
  readonly format: "labelstream-dataset-publication"
  readonly version: 1
  /** False while it changes: the files that are listed may be there or not, with any content. */
  readonly done: boolean
  /** What it was made of: store and options. */
  readonly stamp: string
  readonly notice: string | null
  /** The classes in order: `classes.json` is restored from here if it was changed. */
  readonly classes: ReadonlyArray<string>
}

/** Each further line, in order of paths. */
export interface Published {
  readonly path: string
  readonly size: number
  readonly sha256: string
  readonly entry: boolean
}

/** Reads the first line; undefined if nothing was published. */
export const readHeader = async ({ fs, publication }: Place): Promise<Header | undefined> => {
  const found = await fs.find(publication)
  if (found === undefined) return undefined
  for await (const [line] of Lines.read(fs, publication, Math.min(found.size, 16 * 1024))) {
    const header = Lines.parse(line ?? "") as Header | undefined
    if (header?.format !== "labelstream-dataset-publication") break
    if (header.version > 1) throw Failure.newer(publication)
    return header
  }
  throw new Failure.Problem("corrupt", `${publication} is damaged: remove it, with the published files, and run again`)
}

/** Yields the listed files, in arrays. */
export async function* readPublished({ fs, publication }: Place): AsyncGenerator<ReadonlyArray<Published>> {
  if (await fs.find(publication) === undefined) return
  let skip = 1
  for await (const lines of Lines.read(fs, publication)) {
    yield lines.slice(skip).map((line) => JSON.parse(line) as Published)
    skip = 0
  }
}

/** Files checked at the same time. */
const atOnce = 8

/**
 * Whether a file is there as it was published. One that was written to since then is read: the list of what was
 * published is written last.
 */
const isThere = async (place: Place): Promise<(file: Published) => Promise<boolean>> => {
  const { fs, output, publication } = place
  const since = (await fs.find(publication))?.mtimeMs ?? 0
  return async (file) => {
    const found = await fs.find(join(output, file.path))
    if (found?.isFile() !== true || found.size !== file.size) return false
    return found.mtimeMs < since || await Hash.compare(fs, output, file, true) === "same"
  }
}

/** Whether the published dataset was made of this, and every file is there. */
export const agrees = async (place: Place, header: Header | undefined, stamp: string): Promise<boolean> => {
  if (header?.done !== true || header.stamp !== stamp) return false
  const isStill = await isThere(place)
  for await (const files of readPublished(place)) {
    let isWhole = true
    await Files.forEachLimit(files, atOnce, async (file) => {
      if (!await isStill(file)) isWhole = false
    })
    if (!isWhole) return false
  }
  return true
}

/** What becomes of a path. */
interface Planned extends Built {
  readonly path: string
  readonly act: "keep" | "put" | "remove"
  readonly isNew: boolean
}

/** Most changes of one commit, which are held in memory. */
const changesAtOnce = 500

/**
 * Publishes the files of a list, which were built in a folder. `more` are files in that folder; the last step puts them into
 * the sink's own folder. Returns how many files changed.
 */
export const publish = async (
  place: Place,
  journal: Journal.Journal,
  list: string,
  header: Pick<Header, "stamp" | "notice" | "classes">,
  more: ReadonlyArray<{ readonly name: string; readonly at: string }>
): Promise<number> => {
  const { build, fs } = place
  const changes = await plan(place, list, header)
  const commit = async (steps: ReadonlyArray<Journal.Step>) => {
    if (steps.length === 0) return
    await Files.syncDirectory(fs, build)
    await journal.commit(randomUUID(), steps)
    await journal.touch()
  }
  const last: Array<Journal.Change> = []
  for (const { at, name } of more) last.push(await putBuilt(place, name, at))
  if (changes > 0) {
    const entries = await plannedOf(place, ({ entry }) => entry)
    const gone = entries.filter(({ isNew }) => !isNew).map(({ path }) => ({ remove: path }))
    await commit([[await putBuilt(place, "during", paths.publication)], gone])
    for await (const some of partsOf(place)) {
      const steps: Array<Journal.Step> = []
      await Files.forEachLimit(some, atOnce, async (file, index) => {
        steps[index] = file.act === "remove" ? [{ remove: file.path }] : [await putOf(place, file)]
      })
      await commit(steps)
    }
    for (const entry of entries) if (entry.act !== "remove") last.push(await putOf(place, entry))
  }
  // Written again, so that it is younger than all that it lists.
  await Files.withFile(fs, join(build, "after"), "r+", (fd) => Files.writeFully(fs, fd, Buffer.from("{"), 0))
  last.push(await putBuilt(place, "after", paths.publication))
  await commit([last])
  return changes
}

/** Readies a file for being put: what was written is synced, and an input gets a second name or is copied. */
const putOf = async (
  { build, fs, output, store }: Place,
  { from, isNew, path, put, size }: Planned
): Promise<Journal.Change> => {
  const final = join(output, path)
  if (isNew && await fs.find(final) !== undefined) {
    throw new Failure.Problem("conflict", `${final} is not part of this dataset, which needs its path: move it away`)
  }
  const name = put ?? `input-${randomUUID()}`
  const staged = join(build, name)
  if (from !== undefined) {
    // A file of the user gets no second name: a change to one would change the other.
    if (from.startsWith(store)) await Files.copy(fs, from, staged)
    else await Files.copyApart(fs, from, staged)
  } else await Files.withFile(fs, staged, "r+", (fd) => fs.fsync(fd))
  return { put: `${paths.build}/${name}`, at: path, size, isNew }
}

/**
 * Compares the built files with the published ones. Writes a list of the changes, and two lists of published files: one that
 * holds during the changes, and one that holds after them. Returns the number of changes.
 */
const plan = async (
  place: Place,
  list: string,
  { classes, notice, stamp }: Pick<Header, "stamp" | "notice" | "classes">
): Promise<number> => {
  const { build, fs } = place
  const isCertain = (await readHeader(place))?.done === true
  const isStill = await isThere(place)
  const before = new Cursor(readPublished(place), (file: Published) => file)
  const [plan, during, after] = [
    await LineWriter.open(fs, join(build, "plan")),
    await LineWriter.open(fs, join(build, "during")),
    await LineWriter.open(fs, join(build, "after"))
  ]
  let changes = 0
  const add = async (planned: Planned) => {
    const { act, entry, path, sha256, size } = planned
    if (act !== "keep") changes++
    await plan.write(JSON.stringify(planned))
    const published = JSON.stringify({ path, size, sha256, entry } satisfies Published)
    await during.write(published)
    if (act !== "remove") await after.write(published)
  }
  const next = async () => {
    if (!before.step()) await before.advance()
  }
  try {
    const head = { format: "labelstream-dataset-publication", version: 1, stamp, notice, classes } as const
    await during.write(JSON.stringify({ ...head, done: false } satisfies Header))
    await after.write(JSON.stringify({ ...head, done: true } satisfies Header))
    await before.advance()
    for await (const files of SortedLines.sort(fs, listed(place, list), () => makeFolder(place, "sort"))) {
      for (const { key: path, line } of files) {
        const built = JSON.parse(line) as Built
        for (; before.head !== undefined && before.head.path < path; await next()) {
          await add({ ...before.head, act: "remove", isNew: false })
        }
        const old = before.head?.path === path ? before.head : undefined
        const isSame = old !== undefined && isCertain && old.sha256 === built.sha256 && await isStill(old)
        await add({ ...built, path, act: isSame ? "keep" : "put", isNew: old === undefined })
        if (old !== undefined) await next()
      }
    }
    for (; before.head !== undefined; await next()) await add({ ...before.head, act: "remove", isNew: false })
  } finally {
    await before.close()
    for (const writer of [plan, during, after]) await writer.end()
  }
  return changes
}

/** The lines of a list, by path. */
async function* listed({ fs }: Place, list: string): AsyncGenerator<ReadonlyArray<SortedLines.Keyed>> {
  for await (const lines of Lines.read(fs, list)) {
    yield lines.map((line) => ({ key: line.slice(0, line.indexOf("\t")), line: line.slice(line.indexOf("\t") + 1) }))
  }
}

/** The plans of some files, which are few. */
const plannedOf = async ({ build, fs }: Place, which: (planned: Planned) => boolean) => {
  const found: Array<Planned> = []
  for await (const lines of Lines.read(fs, join(build, "plan"))) {
    for (const line of lines) {
      const planned = JSON.parse(line) as Planned
      if (which(planned)) found.push(planned)
    }
  }
  return found
}

/** The changes of files that are no entries, in parts. */
async function* partsOf({ build, fs }: Place): AsyncGenerator<ReadonlyArray<Planned>> {
  let part: Array<Planned> = []
  for await (const lines of Lines.read(fs, join(build, "plan"))) {
    for (const line of lines) {
      const planned = JSON.parse(line) as Planned
      if (!planned.entry && planned.act !== "keep") part.push(planned)
      if (part.length < changesAtOnce) continue
      yield part
      part = []
    }
  }
  if (part.length > 0) yield part
}
