import { mkdir, stat } from "node:fs/promises"
import { dirname } from "node:path"

const codeOf = (cause: unknown): string =>
  cause instanceof Error ? (cause as NodeJS.ErrnoException).code ?? cause.name : "no error given"

const isFolder = (path: string): Promise<boolean | undefined> =>
  stat(path).then((found) => found.isDirectory(), () => undefined)

/**
 * Makes a folder and its missing parents; the mode applies to the folder alone. Not `mkdir` with `recursive`, which
 * never ends where the system always returns ENOENT, as under /proc.
 */
export const makeFolder = async (path: string, mode?: number): Promise<void> => {
  const missing: Array<string> = []
  for (let at = path; await isFolder(at) === undefined && dirname(at) !== at; at = dirname(at)) missing.push(at)
  for (const at of missing.reverse()) {
    await mkdir(at, at === path ? { mode } : {}).catch((cause: unknown) => {
      if (codeOf(cause) !== "EEXIST") throw cause
    })
  }
  if (await isFolder(path) !== true) throw Object.assign(new Error("not a folder"), { code: "ENOTDIR" })
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "there is no permission to write there",
  EPERM: "there is no permission to write there",
  EROFS: "the file system is read-only",
  ENOTDIR: "a file is in the way",
  ENOENT: "the system takes no folder there",
  ENOSPC: "the disk is full"
}

/** Why a folder could not be made, for people. */
export const whyNot = (cause: unknown): string => reasons[codeOf(cause)] ?? codeOf(cause)
