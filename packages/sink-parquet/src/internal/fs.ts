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
