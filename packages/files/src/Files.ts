/**
 * Durable work on files by operations that are handed in, so that tests can make any of them fail. Files are plain
 * descriptors: `FileHandle` costs twice the time for small files, and warns when it is collected.
 */
import type { Stats } from "node:fs"

/** The operations that this package needs; each fails as Node's own does. */
export interface Operations {
  readonly open: (path: string, flags: string | number, mode?: number) => Promise<number>
  readonly close: (fd: number) => Promise<void>
  readonly fsync: (fd: number) => Promise<void>
  readonly write: (fd: number, bytes: Uint8Array, offset: number, position: number | null) => Promise<number>
  readonly read: (fd: number, into: Uint8Array, position: number | null) => Promise<number>
  readonly lstat: (path: string) => Promise<Stats>
  readonly link: (existing: string, path: string) => Promise<void>
  readonly rename: (from: string, to: string) => Promise<void>
  readonly unlink: (path: string) => Promise<void>
}

/** The system's code of an error, such as `ENOENT`. */
export const codeOf = (error: unknown): string | undefined =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined

/** Answers undefined where there is nothing at the path. */
export const lstatOrNone = (fs: Operations, path: string): Promise<Stats | undefined> =>
  fs.lstat(path).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined
    throw error
  })

/** Runs `use` on an open file and closes it; an error in closing counts, since it can be the news of a lost write. */
export const withFile = async <A>(
  fs: Operations,
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
export const writeFully = async (
  fs: Operations,
  fd: number,
  bytes: Uint8Array,
  position: number | null
): Promise<void> => {
  for (let offset = 0; offset < bytes.length;) {
    offset += await fs.write(fd, bytes, offset, position === null ? null : position + offset)
  }
}

/** Makes a new file with these bytes, synced. */
export const writeNew = (fs: Operations, path: string, bytes: Uint8Array): Promise<void> =>
  withFile(fs, path, "wx", async (fd) => {
    await writeFully(fs, fd, bytes, null)
    await fs.fsync(fd)
  })

/** How file systems refuse what they cannot do at all: FUSE, SMB, and exFAT differ in the code they choose. */
const unsupported: ReadonlySet<string> = new Set(["EINVAL", "EISDIR", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EPERM"])

/** How `link` fails if only a copy can help: another file system, another owner's file, too many names. */
const notLinkable: ReadonlySet<string> = new Set([...unsupported, "EACCES", "EMLINK", "EXDEV"])

/**
 * Makes the names in a folder durable. Does nothing where the system cannot sync folders: Windows, and shares that
 * refuse it. Names are then as durable as the share makes them by itself.
 */
export const syncDirectory = async (fs: Operations, path: string): Promise<void> => {
  if (process.platform === "win32") return
  await withFile(fs, path, "r", (fd) => fs.fsync(fd)).catch((error: unknown) => {
    if (!unsupported.has(codeOf(error) ?? "")) throw error
  })
}

/** Gives a file a second name. Returns false if this is impossible here, so that the caller copies the file. */
export const link = (fs: Operations, from: string, to: string): Promise<boolean> =>
  fs.link(from, to).then(() => true, (error: unknown) => {
    if (notLinkable.has(codeOf(error) ?? "")) return false
    throw error
  })
