/**
 * The file operations that the sink uses, as one object, so that tests can make any of them fail or stop a run there.
 * Files are plain descriptors: `FileHandle` costs twice the time for small files, and warns when it is collected.
 */
import * as fs from "node:fs"
import { promisify } from "node:util"

const write = promisify(fs.write)
const read = promisify(fs.read)

/** Operations on files; each fails as Node's own does. */
export const nodeFs = {
  open: promisify(fs.open) as (path: string, flags: string | number, mode?: number) => Promise<number>,
  close: promisify(fs.close),
  fsync: promisify(fs.fsync),
  fstat: promisify(fs.fstat) as (fd: number) => Promise<fs.Stats>,
  write: (fd: number, bytes: Uint8Array, offset: number, position: number | null): Promise<number> =>
    write(fd, bytes, offset, bytes.length - offset, position).then((result) => result.bytesWritten),
  read: (fd: number, into: Uint8Array, position: number | null): Promise<number> =>
    read(fd, into, 0, into.length, position).then((result) => result.bytesRead),
  lstat: fs.promises.lstat as (path: string) => Promise<fs.Stats>,
  realpath: fs.promises.realpath as (path: string) => Promise<string>,
  mkdir: fs.promises.mkdir as (path: string) => Promise<void>,
  rename: fs.promises.rename as (from: string, to: string) => Promise<void>,
  link: fs.promises.link as (existing: string, path: string) => Promise<void>,
  copyFile: fs.promises.copyFile as (from: string, to: string, mode: number) => Promise<void>,
  unlink: fs.promises.unlink as (path: string) => Promise<void>,
  rmdir: fs.promises.rmdir as (path: string) => Promise<void>,
  remove: (path: string): Promise<void> => fs.promises.rm(path, { recursive: true, force: true }),
  readdir: fs.promises.readdir as (path: string) => Promise<Array<string>>,
  access: fs.promises.access as (path: string, mode: number) => Promise<void>,
  statfs: (path: string) => fs.promises.statfs(path)
}

export type Fs = typeof nodeFs

/** The system's code of an error, such as `ENOENT`. */
export const codeOf = (error: unknown): string | undefined =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined

/** Answers undefined where there is nothing at the path. */
export const lstatOrNone = (fs: Fs, path: string): Promise<fs.Stats | undefined> =>
  fs.lstat(path).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined
    throw error
  })

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
  await fs.close(fd).catch((error: unknown) => Promise.reject(located(error, path)))
  return result
}

/** Operations on descriptors fail without a path: puts it in, since a person needs it. */
export const located = (error: unknown, path: string): unknown => {
  if (codeOf(error) !== undefined && (error as { path?: unknown }).path === undefined) {
    Object.assign(error as Error, { path })
  }
  return error
}

/** Writes all of the bytes, however many calls that takes. */
export const writeFully = async (fs: Fs, fd: number, bytes: Uint8Array, position: number | null): Promise<void> => {
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

/** Makes the names in a folder durable. Windows cannot open folders, and has them durable by itself. */
export const syncDirectory = (fs: Fs, path: string): Promise<void> =>
  process.platform === "win32" ? Promise.resolve() : withFile(fs, path, "r", (fd) => fs.fsync(fd))
