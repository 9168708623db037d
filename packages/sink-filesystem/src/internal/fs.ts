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
  ftruncate: promisify(fs.ftruncate) as (fd: number, length: number) => Promise<void>,
  fchmod: promisify(fs.fchmod),
  fstat: promisify(fs.fstat) as (fd: number) => Promise<fs.Stats>,
  write: (fd: number, bytes: Uint8Array, offset: number, position: number | null): Promise<number> =>
    write(fd, bytes, offset, bytes.length - offset, position).then((result) => result.bytesWritten),
  read: (fd: number, into: Uint8Array, position: number | null): Promise<number> =>
    read(fd, into, 0, into.length, position).then((result) => result.bytesRead),
  lstat: fs.promises.lstat as (path: string) => Promise<fs.Stats>,
  /**
   * What is at a path, or undefined. Called where nothing is, for most jobs: that takes microseconds, and ten times as many
   * when another thread is asked and answers with an error.
   */
  find: (path: string): Promise<fs.Stats | undefined> =>
    new Promise((resolve) => resolve(fs.lstatSync(path, { throwIfNoEntry: false }))),
  realpath: fs.promises.realpath as (path: string) => Promise<string>,
  mkdir: fs.promises.mkdir as (path: string) => Promise<void>,
  rename: fs.promises.rename as (from: string, to: string) => Promise<void>,
  link: fs.promises.link as (existing: string, path: string) => Promise<void>,
  copyFile: fs.promises.copyFile as (from: string, to: string, mode: number) => Promise<void>,
  unlink: fs.promises.unlink as (path: string) => Promise<void>,
  rmdir: fs.promises.rmdir as (path: string) => Promise<void>,
  remove: (path: string): Promise<void> => fs.promises.rm(path, { recursive: true, force: true }),
  readdir: fs.promises.readdir as (path: string) => Promise<Array<string>>,
  opendir: fs.promises.opendir as (path: string) => Promise<fs.Dir>,
  access: fs.promises.access as (path: string, mode: number) => Promise<void>,
  statfs: (path: string) => fs.promises.statfs(path),
  mkdtemp: fs.promises.mkdtemp as (prefix: string) => Promise<string>
}

export type Fs = typeof nodeFs

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
