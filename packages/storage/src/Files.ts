/** Durable work on files and folders. */
import { constants } from "node:fs"
import { codeOf, type Fs } from "./Fs.ts"

export { codeOf } from "./Fs.ts"

/** Runs `use` on an open file and closes it; an error in closing counts, since it can be the news of a lost write. */
export const withFile = async <A>(
  fs: Fs,
  path: string,
  flags: string | number,
  use: (fd: number) => Promise<A>
): Promise<A> => {
  const fd = await fs.open(path, flags, 0o666)
  let result: A
  try {
    result = await use(fd)
  } catch (error) {
    await fs.close(fd).catch(() => {})
    throw located(error, path)
  }
  await at(path, fs.close(fd))
  return result
}

/** Operations on descriptors fail without a path: puts it in, since a person needs it. */
export const located = (error: unknown, path: string): unknown => {
  if (codeOf(error) !== undefined && (error as { path?: unknown }).path === undefined) {
    Object.assign(error as Error, { path })
  }
  return error
}

/** Puts the path into an error of a promise. */
export const at = <A>(path: string, work: Promise<A>): Promise<A> =>
  work.catch((error: unknown) => Promise.reject(located(error, path)))

/** Writes all of the bytes, however many calls that takes. */
export const writeFully = async (
  fs: Fs,
  fd: number,
  bytes: Uint8Array,
  position: number | null
): Promise<void> => {
  for (let offset = 0; offset < bytes.length;) {
    offset += await fs.write(fd, bytes, offset, position === null ? null : position + offset)
  }
}

/** Makes a new file with these bytes, synced. */
export const writeNew = (fs: Fs, path: string, bytes: Uint8Array): Promise<void> =>
  withFile(fs, path, "wx", async (fd) => {
    await writeFully(fs, fd, bytes, null)
    await fs.fsync(fd)
  })

/** How file systems refuse what they cannot do at all: FUSE, SMB, and exFAT differ in the code they choose. */
const unsupported: ReadonlySet<string> = new Set(["EINVAL", "EISDIR", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EPERM"])

/** How `link` fails if only a copy can help: another file system, another owner's file, too many names. */
const notLinkable: ReadonlySet<string> = new Set([...unsupported, "EACCES", "EMLINK", "EXDEV"])

/**
 * Makes the names in a folder durable. Does nothing if the system cannot sync folders: Windows, and shares that
 * refuse it. Names are then as durable as the share makes them by itself.
 */
export const syncDirectory = async (fs: Fs, path: string): Promise<void> => {
  if (process.platform === "win32") return
  await withFile(fs, path, "r", (fd) => fs.fsync(fd)).catch((error: unknown) => {
    if (!unsupported.has(codeOf(error) ?? "")) throw error
  })
}

/** Gives a file a second name. Returns false if this is impossible here, so that the caller copies the file. */
export const link = (fs: Fs, from: string, to: string): Promise<boolean> =>
  fs.link(from, to).then(() => true, (error: unknown) => {
    if (notLinkable.has(codeOf(error) ?? "")) return false
    throw error
  })

/** Gives a file a second name, or copies it, synced, if that is impossible here. */
export const copy = async (fs: Fs, from: string, to: string): Promise<void> => {
  if (!await link(fs, from, to)) await copyApart(fs, from, to)
}

/** Copies a file and syncs it. The copies share blocks if the file system can, until one is written to. */
export const copyApart = async (fs: Fs, from: string, to: string): Promise<void> => {
  await fs.copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  await withFile(fs, to, "r+", (fd) => fs.fsync(fd))
}

/** Ignores that a file is not there. */
export const ignoreMissing = (error: unknown): void => {
  if (codeOf(error) !== "ENOENT") throw error
}

/** Lists a folder, sorted; empty if there is no such folder. */
export const namesIn = async (fs: Fs, path: string): Promise<ReadonlyArray<string>> =>
  (await fs.find(path))?.isDirectory() === true ? (await fs.readdir(path).catch(none)).sort() : []

const none = (error: unknown): Array<string> => {
  ignoreMissing(error)
  return []
}

/** Bytes that are read of a file at first. Most files are small, and large buffers make the collector work. */
const firstBytes = 16 * 1024

/** Yields the bytes of a file from its beginning, at most `size` at a time; each array is overwritten by the next one. */
export async function* chunksOf(fs: Fs, path: string, size: number): AsyncGenerator<Buffer> {
  const fd = await fs.open(path, "r")
  try {
    let buffer = Buffer.allocUnsafe(Math.max(1, Math.min(size, firstBytes)))
    for (let at = 0;;) {
      const length = await fs.read(fd, buffer, at)
      if (length === 0) return
      at += length
      yield buffer.subarray(0, length)
      if (length === buffer.length && length < size) buffer = Buffer.allocUnsafe(size)
    }
  } catch (error) {
    throw located(error, path)
  } finally {
    await fs.close(fd).catch(() => {})
  }
}

/** Reads from a position, to fill `into`. Returns the number of bytes read. */
export const readFully = async (fs: Fs, fd: number, into: Uint8Array, position: number): Promise<number> => {
  for (let at = 0;;) {
    const length = at < into.length ? await fs.read(fd, into.subarray(at), position + at) : 0
    if (length === 0) return at
    at += length
  }
}

/** Reads all of a file, as large as it is when it is opened. */
export const readAll = (fs: Fs, path: string): Promise<Buffer> =>
  withFile(fs, path, "r", async (fd) => {
    const bytes = Buffer.allocUnsafe((await fs.fstat(fd)).size)
    return bytes.subarray(0, await readFully(fs, fd, bytes, 0))
  })

/** Runs over the items with at most this many at a time; after a failure starts no more and waits for those started. */
export const forEachLimit = async <A>(
  items: Iterable<A>,
  limit: number,
  each: (item: A, index: number) => Promise<void>
): Promise<void> => {
  const iterator = items[Symbol.iterator]()
  const failures: Array<unknown> = []
  let index = 0
  const worker = async () => {
    for (let next = iterator.next(); !next.done && failures.length === 0; next = iterator.next()) {
      await each(next.value, index++).catch((error: unknown) => void failures.push(error))
    }
  }
  await Promise.all(Array.from({ length: limit }, worker))
  if (failures.length > 0) throw failures[0]
}
