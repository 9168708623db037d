/**
 * The file operations that the sink uses, as one object, so that tests can make any of them fail or stop a run there.
 * Files are plain descriptors: `FileHandle` costs twice the time for small files, and warns when it is collected.
 */
import { Files } from "@labelstream/files"
import * as fs from "node:fs"
import { promisify } from "node:util"
import { quick } from "./quick.ts"

const write = promisify(fs.write)
const read = promisify(fs.read)

/** Up to this many bytes are written in place: more of them take longer than it takes to ask another thread. */
const smallWrite = 64 * 1024

const writeElsewhere = (fd: number, bytes: Uint8Array, offset: number, position: number | null): Promise<number> =>
  write(fd, bytes, offset, bytes.length - offset, position).then((result) => result.bytesWritten)

const writeSmall = quick(
  (fd: number, bytes: Uint8Array, offset: number, position: number | null): number =>
    fs.writeSync(fd, bytes, offset, bytes.length - offset, position),
  writeElsewhere
)

const recursive = { recursive: true, force: true }

/** Operations on files; each fails as Node's own does. */
export const nodeFs = {
  open: quick(
    (path: string, flags: string | number, mode?: number): number => fs.openSync(path, flags, mode),
    promisify(fs.open) as (path: string, flags: string | number, mode?: number) => Promise<number>
  ),
  close: quick(fs.closeSync, promisify(fs.close)),
  fsync: promisify(fs.fsync),
  ftruncate: promisify(fs.ftruncate) as (fd: number, length: number) => Promise<void>,
  fchmod: promisify(fs.fchmod),
  fstat: quick((fd: number): fs.Stats => fs.fstatSync(fd), promisify(fs.fstat) as (fd: number) => Promise<fs.Stats>),
  write: (fd: number, bytes: Uint8Array, offset: number, position: number | null): Promise<number> =>
    (bytes.length - offset <= smallWrite ? writeSmall : writeElsewhere)(fd, bytes, offset, position),
  read: (fd: number, into: Uint8Array, position: number | null): Promise<number> =>
    read(fd, into, 0, into.length, position).then((result) => result.bytesRead),
  lstat: fs.promises.lstat as (path: string) => Promise<fs.Stats>,
  /** What is at a path, or undefined. */
  find: quick(
    (path: string): fs.Stats | undefined => fs.lstatSync(path, { throwIfNoEntry: false }),
    (path: string): Promise<fs.Stats | undefined> =>
      fs.promises.lstat(path).catch((error: unknown) => {
        if (Files.codeOf(error) === "ENOENT") return undefined
        throw error
      })
  ),
  realpath: fs.promises.realpath as (path: string) => Promise<string>,
  mkdir: quick(
    (path: string): void => {
      fs.mkdirSync(path)
    },
    fs.promises.mkdir as (path: string) => Promise<void>
  ),
  rename: quick(fs.renameSync as (from: string, to: string) => void, fs.promises.rename),
  link: quick(fs.linkSync as (existing: string, path: string) => void, fs.promises.link),
  copyFile: fs.promises.copyFile as (from: string, to: string, mode: number) => Promise<void>,
  unlink: quick(fs.unlinkSync as (path: string) => void, fs.promises.unlink),
  rmdir: fs.promises.rmdir as (path: string) => Promise<void>,
  remove: quick(
    (path: string): void => fs.rmSync(path, recursive),
    (path: string): Promise<void> => fs.promises.rm(path, recursive)
  ),
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
