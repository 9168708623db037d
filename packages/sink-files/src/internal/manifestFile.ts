/**
 * The manifests on disk: repaired at `open`, put in order when a run completes, read in order by
 * `inspect`. Memory stays the same however many jobs a batch has.
 */
import { Failure, Files, type Fs, Lines, SortedLines } from "@labelstream/storage"
import { join } from "node:path"
import * as Manifest from "../Manifest.ts"
import { batchFolders, checkHeader, type Place } from "./target.ts"

const encoder = new TextEncoder()

/** Cuts torn last lines off, and fails unless all manifests are of this version. */
export const repairAll = async (place: Place): Promise<void> => {
  for (const folder of await batchFolders(place)) {
    await repair(place.fs, join(place.output, folder, Manifest.fileName))
  }
}

const repair = (fs: Fs, path: string): Promise<void> =>
  Files.withFile(fs, path, "r+", async (fd) => {
    await checkHeader(fs, fd, path)
    const { size } = await fs.fstat(fd)
    const buffer = Buffer.alloc(Math.min(size, 64 * 1024))
    let end = size
    for (let from = size; from > 0 && end === size;) {
      const start = Math.max(0, from - buffer.length)
      const length = await fs.read(fd, buffer.subarray(0, from - start), start)
      const newline = buffer.subarray(0, length).lastIndexOf(10)
      if (newline >= 0) {
        end = start + newline + 1
        break
      }
      from = start
      if (from === 0) end = 0
    }
    if (end === size) return
    await fs.ftruncate(fd, end)
    await fs.fsync(fd)
  })

/** The lines of jobs as they stand, superseded ones included, keyed by name. */
async function* jobLines(fs: Fs, path: string): AsyncGenerator<ReadonlyArray<SortedLines.Keyed>> {
  let first = true
  for await (const lines of Lines.read(fs, path)) {
    if (first && Manifest.decodeHeader(lines[0] ?? "") !== "current") {
      throw new Failure.Problem("corrupt", `${path} does not begin as a manifest of this version`)
    }
    yield (first ? lines.slice(1) : lines).map((line) => ({ key: nameOf(line, path), line }))
    first = false
  }
}

/** The name comes first in a line, so that the rest need not be parsed. */
const nameOf = (line: string, path: string): string => {
  const end = line.indexOf("\"", start.length)
  if (!line.startsWith(start) || end < 0) throw damaged(path, line)
  return line.slice(start.length, end)
}

const start = "{\"name\":\""

/** The error for a line that nothing wrote like this. */
export const damaged = (path: string, line: string): Failure.Problem =>
  new Failure.Problem(
    "corrupt",
    `${path} has a line that does not belong to a manifest: ${JSON.stringify(line.slice(0, 80))}`
  )

/** Counts the lines of jobs, superseded ones included, without reading what they say. */
export const countLines = async (fs: Fs, path: string): Promise<number> => {
  let lines = 0
  for await (const bytes of Files.chunksOf(fs, path, 1024 * 1024)) {
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++
  }
  return Math.max(0, lines - 1)
}

const isInOrder = async (fs: Fs, path: string, isFinal?: (line: string) => boolean): Promise<boolean> => {
  let last = ""
  for await (const lines of jobLines(fs, path)) {
    for (const { key, line } of lines) {
      if (key <= last || isFinal?.(line) === false) return false
      last = key
    }
  }
  return true
}

/** The latest line of each job, in order of names, in arrays. `folder` as in `SortedLines.sort`. */
export async function* latestLines(
  fs: Fs,
  path: string,
  folder: () => Promise<string>
): AsyncGenerator<ReadonlyArray<SortedLines.Keyed>> {
  yield* await isInOrder(fs, path) ? jobLines(fs, path) : SortedLines.sort(fs, jobLines(fs, path), folder)
}

/** Puts the manifests in order that are marked for it, and takes the marks away. */
export const putMarkedInOrder = async (place: Place): Promise<void> => {
  const { fs, output, unordered } = place
  for (const folder of (await fs.readdir(unordered)).sort()) {
    const manifest = await fs.find(join(output, folder, Manifest.fileName))
    if (manifest?.isFile() === true) await putInOrder(place, folder)
    await fs.unlink(join(unordered, folder))
  }
}

/** Notes durably that the manifest of a batch will have to be put in order. */
export const markUnordered = async ({ fs, unordered }: Place, folder: string): Promise<void> => {
  const path = join(unordered, folder)
  if (await fs.find(path) === undefined) await Files.writeNew(fs, path, new Uint8Array())
  await Files.syncDirectory(fs, unordered)
}

/**
 * Rewrites a manifest, unless it is in order already: the latest line of each job, in order of names, without the times
 * of the writers' branches. Atomic.
 */
const putInOrder = async ({ fs, output, staging }: Place, batch: string): Promise<void> => {
  const path = join(output, batch, Manifest.fileName)
  if (await isInOrder(fs, path, (line) => Manifest.withoutStored(line) === line)) return
  const folder = join(staging, `order-${batch}`)
  await fs.remove(folder)
  await fs.mkdir(folder)
  const next = join(folder, Manifest.fileName)
  await Files.withFile(fs, next, "wx", async (fd) => {
    await Files.writeFully(fs, fd, encoder.encode(Manifest.header), null)
    for await (const lines of latestLines(fs, path, () => Promise.resolve(folder))) {
      await Files.writeFully(
        fs,
        fd,
        encoder.encode(lines.map(({ line }) => `${Manifest.withoutStored(line)}\n`).join("")),
        null
      )
    }
    await fs.fsync(fd)
  })
  await fs.rename(next, path)
  await Files.syncDirectory(fs, join(output, batch))
  await fs.remove(folder)
}
