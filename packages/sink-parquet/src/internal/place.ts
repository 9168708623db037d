/**
 * Where things lie under the dataset's folder. Work that is not published yet stays under `.labelstream`, on the same file
 * system and beside the tables, so that publishing is a rename and no reader's pattern meets it. Folders are made and
 * checked one by one: none may be a symbolic link, so that nothing is ever written outside.
 */
import { JobSink } from "@labelstream/core"
import { Failure, Files, Lines } from "@labelstream/files"
import { constants } from "node:fs"
import { dirname, join, resolve } from "node:path"
import * as PartManifest from "../PartManifest.ts"
import type { Fs } from "./fs.ts"
import { isFolder, isOldFolder } from "./partition.ts"
import { type Geometry, tableNames } from "./tables.ts"

/** Paths under one dataset, and the operations to work on them. */
export interface Place {
  readonly fs: Fs
  readonly output: string
  /** Everything of the sink's own that is no result. */
  readonly hidden: string
  readonly lock: string
  readonly staging: string
  /** What a commit is about to do. */
  readonly intents: string
  /** What a commit has replaced, until it is durable. */
  readonly replaced: string
  /** A folder for each of several writers, laid out like the dataset: the writer's share. */
  readonly writers: string
  /** The dataset that this is one writer's share of. */
  readonly main?: Place
  /**
   * Parts of batch folders that an inspection has found damaged while the place is open: all that they held is reported,
   * so that a commit may replace them. It never takes them over.
   */
  readonly damaged: Map<string, Set<number>>
  /** As `Taking.Place` has it. */
  readonly own: ReadonlyArray<string>
  readonly around: ReadonlyArray<string>
}

/** Folders of the dataset itself. */
export const folders = [...tableNames, "manifest"] as const

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
    writers: join(hidden, "writers"),
    damaged: new Map(),
    own: ["staging", "intents", "replaced"].map((name) => join(hidden, name)),
    around: []
  }
}

/** The share of one writer. */
export const shareOf = (main: Place, writer: string): Place => {
  const place = at(main.fs, join(main.writers, writer))
  return { ...place, main, around: [place.output, main.writers, main.hidden] }
}

/** The shares that are there, in order of their writers' names. */
export const sharesOf = async (place: Place): Promise<ReadonlyArray<Place>> => {
  const shares: Array<Place> = []
  for (const name of await namesIn(place.fs, place.writers)) {
    const found = await Files.lstatOrNone(place.fs, join(place.writers, name))
    if (JobSink.isWriterName(name) && found?.isDirectory() === true) shares.push(shareOf(place, name))
  }
  return shares
}

/** Where a part's manifest, or its file of one table, lies under the dataset. */
export const partPath = (table: typeof folders[number], folder: string, part: number): string =>
  `${table}/${folder}/part-${String(part).padStart(6, "0")}.${table === "manifest" ? "ndjson" : "parquet"}`

/** Makes a folder unless it is there. Answers whether it was made; fails where something else stands in its place. */
export const ensureFolder = async (fs: Fs, path: string): Promise<boolean> => {
  const found = await Files.lstatOrNone(fs, path)
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

const notFolder = (
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

/** Makes the dataset's folder and the sink's own folders in it, durably. */
export const prepare = async (place: Place): Promise<void> => {
  const { fs, hidden, main, output } = place
  await makeOutput(main ?? place)
  if (main !== undefined) {
    for (const folder of [main.hidden, main.writers, output]) {
      if (await ensureFolder(fs, folder)) await Files.syncDirectory(fs, dirname(folder))
    }
  }
  for (const folder of [hidden, ...place.own]) await ensureFolder(fs, folder)
  await Files.syncDirectory(fs, hidden)
  await Files.syncDirectory(fs, output)
}

/** Makes the output folder and what is missing above it; each name is made durable in the folder that holds it. */
const makeOutput = async ({ fs, output }: Place): Promise<void> => {
  const missing: Array<string> = []
  for (
    let path = output;
    await Files.lstatOrNone(fs, path) === undefined && dirname(path) !== path;
    path = dirname(path)
  ) {
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

/** Types of /proc and /sys, which look writable to root. */
const kernelTypes = new Set([0x9fa0, 0x62656572])

/** Below this a run would stop at its first batch. */
const smallestSpace = 1024 * 1024

/** Whether the dataset's folder can be written to, or made. Changes nothing. */
export const check = async (place: Place, geometry: Geometry): Promise<void> => {
  const { fs, hidden, output } = place
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
  for (const path of [hidden, ...folders.map((name) => join(output, name))]) {
    const found = await Files.lstatOrNone(fs, path)
    if (found === undefined) continue
    const obstacle = notFolder(path, found)
    if (obstacle !== undefined) throw obstacle
    await fs.access(path, constants.W_OK | constants.X_OK)
  }
  await checkFormat(place, geometry)
}

/** Fails where the dataset is of a newer version, or holds geometry in another form. */
export const checkFormat = async (place: Place, geometry: Geometry): Promise<void> => {
  for (const folder of await batchFolders(place)) {
    for (const part of await partsOf(place, folder)) {
      const path = join(place.output, partPath("manifest", folder, part))
      const head = await headOf(place.fs, path)
      if (head === undefined) continue
      if (head.geometry === geometry) return
      throw new Failure.Problem(
        "misconfigured",
        `${place.output} holds geometry as ${head.geometry}: choose the same, or another folder`
      )
    }
  }
}

/** The first line of a manifest; undefined where it has none that can be read. */
const headOf = async (fs: Fs, path: string): Promise<PartManifest.Head | undefined> => {
  for await (const [line = ""] of Lines.read(fs, path)) {
    const head = PartManifest.decodeHead(line)
    if (head === "newer") {
      throw new Failure.Problem(
        "corrupt",
        `${path} was written by a newer version of this software: update and run again`
      )
    }
    return head === "foreign" ? undefined : head
  }
  return undefined
}

/** Folders of the batches that have a manifest, in order. Fails where the dataset has the layout from before 0.1. */
export const batchFolders = async (place: Place): Promise<ReadonlyArray<string>> => {
  const names = await namesIn(place.fs, join(place.output, "manifest"))
  const old = names.find(isOldFolder)
  if (old !== undefined) {
    throw new Failure.Problem(
      "conflict",
      `${place.output} has the layout of an earlier version (${old}), which pandas and others cannot read: export into ` +
        "another folder, or move this one away"
    )
  }
  return names.filter(isFolder)
}

/** Numbers of the parts of a batch, ascending. */
export const partsOf = async (place: Place, folder: string): Promise<ReadonlyArray<number>> =>
  (await namesIn(place.fs, join(place.output, "manifest", folder)))
    .flatMap((name) => /^part-([0-9]{6,9})\.ndjson$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)

/** What is in a folder, sorted; nothing where there is no such folder. */
export const namesIn = async (fs: Fs, path: string): Promise<ReadonlyArray<string>> => {
  const found = await Files.lstatOrNone(fs, path)
  return found?.isDirectory() === true ? (await fs.readdir(path)).sort() : []
}

const statOrNone = async (fs: Fs, path: string) => {
  const real = await fs.realpath(path).catch((error: unknown) => {
    if (Files.codeOf(error) === "ENOENT" || Files.codeOf(error) === "ENOTDIR") return undefined
    throw error
  })
  return real === undefined ? undefined : Files.lstatOrNone(fs, real)
}
