/**
 * The file operations that sinks use, as one object, so that tests can make any of them fail or stop a run there. Files
 * are plain descriptors: `FileHandle` costs twice the time for small files, and warns when it is collected.
 */
import * as fs from "node:fs"
import { promisify } from "node:util"
import { quick } from "./internal/quick.ts"

/** The system's code of an error, such as `ENOENT`. */
export const codeOf = (error: unknown): string | undefined =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined

/** Returns undefined if there is nothing at the path. */
const unlessMissing = (error: unknown): undefined => {
  if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined
  throw error
}

const write = promisify(fs.write)
const read = promisify(fs.read)

/** Up to this many bytes are read and written in place: more of them take longer than it takes to ask another thread. */
const small = 64 * 1024

const writeElsewhere = (fd: number, bytes: Uint8Array, offset: number, position: number | null): Promise<number> =>
  write(fd, bytes, offset, bytes.length - offset, position).then((result) => result.bytesWritten)

const writeSmall = quick(
  (fd: number, bytes: Uint8Array, offset: number, position: number | null): number =>
    fs.writeSync(fd, bytes, offset, bytes.length - offset, position),
  writeElsewhere
)

const readElsewhere = (fd: number, into: Uint8Array, position: number | null): Promise<number> =>
  read(fd, into, 0, into.length, position).then((result) => result.bytesRead)

const readSmall = quick(
  (fd: number, into: Uint8Array, position: number | null): number => fs.readSync(fd, into, 0, into.length, position),
  readElsewhere
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
    (bytes.length - offset <= small ? writeSmall : writeElsewhere)(fd, bytes, offset, position),
  read: (fd: number, into: Uint8Array, position: number | null): Promise<number> =>
    (into.length <= small ? readSmall : readElsewhere)(fd, into, position),
  lstat: fs.promises.lstat as (path: string) => Promise<fs.Stats>,
  /** What is at a path, or undefined. */
  find: quick(
    (path: string): fs.Stats | undefined => {
      try {
        return fs.lstatSync(path, { throwIfNoEntry: false })
      } catch (error) {
        return unlessMissing(error)
      }
    },
    (path: string): Promise<fs.Stats | undefined> => fs.promises.lstat(path).catch(unlessMissing)
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
