/**
 * Where things lie under the output folder. Work that is not published yet stays under `.labelstream`, on the same file
 * system, so that publishing is a rename. Folders are made and checked one by one: none may be a symbolic link, so that
 * nothing is ever written outside.
 */
import { JobSink } from "@labelstream/core"
import { Failure, Files } from "@labelstream/files"
import { constants } from "node:fs"
import { dirname, join, resolve } from "node:path"
import * as Manifest from "../Manifest.ts"
import type { Fs } from "./fs.ts"

/** Paths under one output folder, and the operations to work on them. */
export interface Place {
  readonly fs: Fs
  readonly output: string
  /** Everything of the sink's own that is no result. */
  readonly hidden: string
  readonly lock: string
  readonly staging: string
  readonly intents: string
  /** What a commit has replaced, until it is durable. */
  readonly replaced: string
  /** An empty file for each batch whose manifest is to be put in order when a run completes. */
  readonly unordered: string
  /** Manifests being put in order. */
  readonly ordering: string
  /** A folder for each of several writers, laid out like the output folder: its part. */
  readonly writers: string
  /** The place that this is one writer's part of. */
  readonly main?: Place
  /** As `Taking.Place` has it. */
  readonly own: ReadonlyArray<string>
  readonly around: ReadonlyArray<string>
}

/** Names the paths; touches nothing. */
export const at = (fs: Fs, directory: string): Place => {
  const output = resolve(directory)
  const hidden = join(output, ".labelstream")
  return {
    fs,
    output,
    hidden,
    lock: join(hidden, "lock"),
    staging: join(hidden, "staging"),
    intents: join(hidden, "intents"),
    replaced: join(hidden, "replaced"),
    unordered: join(hidden, "unordered"),
    ordering: join(hidden, "ordering"),
    writers: join(hidden, "writers"),
    own: ["staging", "intents", "replaced", "unordered", "ordering"].map((name) => join(hidden, name)),
    around: []
  }
}

/** The part of one writer. */
export const partOf = (main: Place, writer: string): Place => {
  const place = at(main.fs, join(main.writers, writer))
  return { ...place, main, around: [place.output, main.writers, main.hidden] }
}

/** The parts that are there, in order of their writers' names. */
export const partsOf = async (place: Place): Promise<ReadonlyArray<Place>> => {
  const { fs, writers } = place
  if ((await fs.find(writers))?.isDirectory() !== true) return []
  const parts: Array<Place> = []
  for (const name of (await fs.readdir(writers)).sort()) {
    const found = await fs.find(join(writers, name))
    if (JobSink.isWriterName(name) && found?.isDirectory() === true) parts.push(partOf(place, name))
  }
  return parts
}

/** Makes a folder unless it is there. Answers whether it was made; fails where something else stands in its place. */
export const ensureFolder = async (fs: Fs, path: string): Promise<boolean> => {
  const found = await fs.find(path)
  if (found === undefined) {
    try {
      await fs.mkdir(path)
      return true
    } catch (error) {
      if (Files.codeOf(error) !== "EEXIST") throw error
      return ensureFolder(fs, path)
    }
  }
  const obstacle = notFolder(path, found)
  if (obstacle !== undefined) throw obstacle
  return false
}

/** Why something is not a folder that may be written into; undefined where it is one. */
export const notFolder = (
  path: string,
  found: { readonly isSymbolicLink: () => boolean; readonly isDirectory: () => boolean }
): Failure.Problem | undefined => {
  if (found.isSymbolicLink()) {
    return new Failure.Problem("conflict", `${path} is a symbolic link, and nothing is written through one: remove it`)
  }
  return found.isDirectory()
    ? undefined
    : new Failure.Problem("conflict", `${path} is not a folder: move it out of the way`)
}

/** Makes the output folder and the sink's own folders in it, durably. */
export const prepare = async (place: Place): Promise<void> => {
  const { fs, main } = place
  await makeOutput(main ?? place)
  if (main !== undefined) {
    for (const folder of [main.hidden, main.writers, place.output]) {
      if (await ensureFolder(fs, folder)) await Files.syncDirectory(fs, dirname(folder))
    }
  }
  await ensureFolder(fs, place.hidden)
  for (const folder of place.own) {
    await ensureFolder(fs, folder)
  }
  await Files.syncDirectory(fs, place.hidden)
  await Files.syncDirectory(fs, place.output)
}

/** Makes the output folder and what is missing above it; each name is made durable in the folder that holds it. */
const makeOutput = async ({ fs, output }: Place): Promise<void> => {
  const missing: Array<string> = []
  for (let path = output; await fs.find(path) === undefined && dirname(path) !== path; path = dirname(path)) {
    missing.push(path)
  }
  // Not `mkdir` with `recursive`: where the system answers ENOENT for ever, as under /proc, it never ends.
  for (const path of missing.reverse()) {
    await fs.mkdir(path).catch((error: unknown) => {
      if (Files.codeOf(error) === "ENOENT") {
        throw new Failure.Problem("misconfigured", `no folder can be made at ${path}`)
      }
      if (Files.codeOf(error) !== "EEXIST") throw error
    })
    await Files.syncDirectory(fs, dirname(path))
  }
  const found = await fs.realpath(output).then(fs.lstat)
  if (!found.isDirectory()) throw new Failure.Problem("misconfigured", `the output folder ${output} is not a folder`)
}

/** Whether the output folder can be written to, or made. Changes nothing. */
export const check = async (place: Place): Promise<void> => {
  const { fs, output } = place
  let folder = output
  let found = await statOrNone(fs, folder)
  while (found === undefined && dirname(folder) !== folder) {
    folder = dirname(folder)
    found = await statOrNone(fs, folder)
  }
  if (found === undefined || !found.isDirectory()) {
    throw new Failure.Problem("misconfigured", `the output folder ${output} cannot be used: ${folder} is not a folder`)
  }
  await fs.access(folder, constants.W_OK | constants.X_OK)
  const { bavail, blocks, bsize, type } = await fs.statfs(folder)
  if (kernelTypes.has(type)) {
    throw new Failure.Problem("misconfigured", `${folder} is the kernel's own and holds no files`)
  }
  // File systems without a size, such as some network mounts, answer 0 blocks.
  if (blocks > 0 && bavail * bsize < smallestSpace) {
    throw new Failure.Problem("unavailable", `no space left for ${output}: free some and run again`)
  }
  if (folder !== output) return
  const hidden = await fs.find(place.hidden)
  const obstacle = hidden && notFolder(place.hidden, hidden)
  if (obstacle !== undefined) throw obstacle
  if (hidden !== undefined) await fs.access(place.hidden, constants.W_OK | constants.X_OK)
  for (const batch of await batchFolders(place)) {
    const manifest = join(output, batch, Manifest.fileName)
    await Files.withFile(fs, manifest, "r", (fd) => checkHeader(fs, fd, manifest))
  }
}

/** Types of /proc and /sys, which look writable to root. */
const kernelTypes = new Set([0x9fa0, 0x62656572])

/** Below this a run would stop at its first batch. */
const smallestSpace = 1024 * 1024

const statOrNone = async (fs: Fs, path: string) => {
  const real = await fs.realpath(path).catch((error: unknown) => {
    if (Files.codeOf(error) === "ENOENT" || Files.codeOf(error) === "ENOTDIR") return undefined
    throw error
  })
  return real === undefined ? undefined : fs.find(real)
}

/** Fails unless an open manifest begins as this version writes it, or has no whole line yet. */
export const checkHeader = async (fs: Fs, fd: number, path: string): Promise<void> => {
  const start = Buffer.alloc(256)
  const length = await fs.read(fd, start, 0)
  const end = start.subarray(0, length).indexOf("\n")
  // A first line that was torn by a crash is repaired by `open`.
  if (end < 0 && Manifest.header.startsWith(start.toString("utf8", 0, length))) return
  const found = end < 0 ? "foreign" : Manifest.decodeHeader(start.toString("utf8", 0, end))
  if (found === "newer") {
    throw new Failure.Problem(
      "corrupt",
      `${path} was written by a newer version of this software: update and run again`
    )
  }
  if (found === "foreign") {
    throw new Failure.Problem("conflict", `${path} is not a manifest of this sink: move it out of the way`)
  }
}

/** Names of the folders that hold a manifest, in order. */
export const batchFolders = async ({ fs, output }: Place): Promise<ReadonlyArray<string>> => {
  const folders: Array<string> = []
  const names = await fs.readdir(output).catch((error: unknown) => {
    if (Files.codeOf(error) === "ENOENT") return []
    throw error
  })
  for (const name of names) {
    if (name === ".labelstream") continue
    const folder = await fs.find(join(output, name))
    if (folder?.isDirectory() !== true) continue
    const manifest = await fs.find(join(output, name, Manifest.fileName))
    if (manifest?.isFile() === true) folders.push(name)
  }
  return folders.sort()
}
