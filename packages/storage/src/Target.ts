/**
 * The layout of an output folder. Unpublished work stays under `.labelstream`, on the same file system, so that
 * publishing is a rename. Folders are made and checked one by one, and none may be a symbolic link, so that nothing is
 * ever written outside.
 */
import { JobSink } from "@labelstream/core/sink"
import { constants } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { Problem } from "./Failure.ts"
import { namesIn, syncDirectory } from "./Files.ts"
import { codeOf, type Fs } from "./Fs.ts"
import type * as Lock from "./Lock.ts"

/** Paths under one output folder, and the operations to work on them. */
export interface Target extends Lock.Location {
  /** The sink's own folder, for everything except results. */
  readonly hidden: string
  readonly staging: string
  /** What a commit is about to do. */
  readonly intents: string
  /** What a commit has replaced, until it is durable. */
  readonly replaced: string
  /** A folder for each of several writers, laid out like the output folder: its branch. */
  readonly writers: string
  /** The target that this is a branch of. */
  readonly main?: Target
  /** Folders in `hidden` that are always there while the target is locked. */
  readonly own: ReadonlyArray<string>
}

/** Names the paths; touches nothing. `more` names further folders of the sink's own. */
export const at = (fs: Fs, directory: string, more: ReadonlyArray<string> = []): Target => {
  const output = resolve(directory)
  const hidden = join(output, ".labelstream")
  const under = (name: string) => join(hidden, name)
  const folders = { staging: under("staging"), intents: under("intents"), replaced: under("replaced") }
  const own = [...Object.values(folders), ...more.map(under)]
  return { fs, output, hidden, lock: under("lock"), writers: under("writers"), ...folders, own }
}

/** Names the paths of a sink's target. */
export type At<T extends Target> = (fs: Fs, directory: string) => T

/** The branch of one writer. */
export const branchOf = <T extends Target>(at: At<T>, main: T, writer: string): T => ({
  ...at(main.fs, join(main.writers, writer)),
  main
})

/** The branches that are there, in order of their writers' names. */
export const branchesOf = async <T extends Target>(at: At<T>, main: T): Promise<ReadonlyArray<T>> => {
  const { fs, writers } = main
  const branches: Array<T> = []
  for (const name of await namesIn(fs, writers)) {
    const isFolder = JobSink.isWriterName(name) && (await fs.find(join(writers, name)))?.isDirectory() === true
    if (isFolder) branches.push(branchOf(at, main, name))
  }
  return branches
}

/** A target, then the branches of its writers. */
export type WithBranches<T extends Target> = readonly [T, ...Array<T>]

/** The names that a sink lists in any of the targets, in order. */
export const namesOf = async <T extends Target>(
  targets: ReadonlyArray<T>,
  list: (target: T) => Promise<ReadonlyArray<string>>
): Promise<ReadonlyArray<string>> => {
  const names = new Set<string>()
  for (const target of targets) for (const name of await list(target)) names.add(name)
  return [...names].sort()
}

/** Makes a folder unless it exists. Returns whether it was made; fails if something else has its name. */
export const ensureFolder = async (fs: Fs, path: string): Promise<boolean> => {
  const found = await fs.find(path)
  if (found === undefined) {
    try {
      await fs.mkdir(path)
      return true
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error
      return ensureFolder(fs, path)
    }
  }
  requireFolder(path, found)
  return false
}

/** Fails with `conflict` if what was found at a path is not a folder that may be written into. */
export const requireFolder = (
  path: string,
  found: { readonly isSymbolicLink: () => boolean; readonly isDirectory: () => boolean }
): void => {
  if (found.isSymbolicLink()) {
    throw new Problem("conflict", `${path} is a symbolic link, and nothing is written through one: remove it`)
  }
  if (!found.isDirectory()) throw new Problem("conflict", `${path} is not a folder: move it out of the way`)
}

/** Makes the output folder and the sink's own folders in it, durably. */
export const prepare = async (target: Target): Promise<void> => {
  const { fs, hidden, main, output, own } = target
  await makeOutput(main ?? target)
  for (const folder of main === undefined ? [] : [main.hidden, main.writers, output]) {
    if (await ensureFolder(fs, folder)) await syncDirectory(fs, dirname(folder))
  }
  for (const folder of [hidden, ...own]) await ensureFolder(fs, folder)
  await syncDirectory(fs, hidden)
  await syncDirectory(fs, output)
}

/** Makes the output folder and what is missing above it; each name is made durable in the folder that holds it. */
const makeOutput = async ({ fs, output }: Target): Promise<void> => {
  const missing: Array<string> = []
  for (let path = output; await fs.find(path) === undefined && dirname(path) !== path; path = dirname(path)) {
    missing.push(path)
  }
  // Not `mkdir` with `recursive`: where the system always returns ENOENT, as under /proc, it never ends.
  for (const path of missing.reverse()) {
    await fs.mkdir(path).catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") throw new Problem("misconfigured", `no folder can be made at ${path}`)
      if (codeOf(error) !== "EEXIST") throw error
    })
    await syncDirectory(fs, dirname(path))
  }
  const found = await fs.realpath(output).then(fs.lstat)
  if (!found.isDirectory()) throw new Problem("misconfigured", `the output folder ${output} is not a folder`)
}

/** Types of /proc and /sys, which look writable to root. */
const kernelTypes = new Set([0x9fa0, 0x62656572])

/** Below this a run would stop at its first batch. */
const smallestSpace = 1024 * 1024

/** Fails unless the output folder can be written to, or made. Changes nothing. Returns whether it is there. */
export const check = async ({ fs, hidden, output }: Target): Promise<boolean> => {
  let folder = output
  let found = await behindLinks(fs, folder)
  while (found === undefined && dirname(folder) !== folder) {
    folder = dirname(folder)
    found = await behindLinks(fs, folder)
  }
  if (found === undefined || !found.isDirectory()) {
    throw new Problem("misconfigured", `the output folder ${output} cannot be used: ${folder} is not a folder`)
  }
  await fs.access(folder, writable)
  const { bavail, blocks, bsize, type } = await fs.statfs(folder)
  if (kernelTypes.has(type)) throw new Problem("misconfigured", `${folder} is the kernel's own and holds no files`)
  // File systems without a size, such as some network mounts, answer 0 blocks.
  if (blocks > 0 && bavail * bsize < smallestSpace) {
    throw new Problem("unavailable", `no space left for ${output}: free some and run again`)
  }
  await checkFolder(fs, hidden)
  return folder === output
}

/** Fails unless a path is a writable folder. */
export const checkFolder = async (fs: Fs, path: string): Promise<void> => {
  const found = await fs.find(path)
  if (found === undefined) return
  requireFolder(path, found)
  await fs.access(path, writable)
}

const writable = constants.W_OK | constants.X_OK

const behindLinks = async (fs: Fs, path: string) => {
  const real = await fs.realpath(path).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined
    throw error
  })
  return real === undefined ? undefined : fs.find(real)
}
