/** The paths of the parts of batches under the dataset's folder. */
import { OlderTables } from "@labelstream/core/sink"
import { Failure, Files, type Fs, Lines, Target } from "@labelstream/storage"
import { join } from "node:path"
import * as PartManifest from "../PartManifest.ts"
import { sinkName } from "./failure.ts"
import { isFolder, isOldFolder } from "./partition.ts"
import { type Geometry, tableNames } from "./tables.ts"

/** Paths under one dataset, and the operations to work on them. */
export interface Place extends Target.Target {
  /**
   * Parts of batch folders that an inspection has found damaged while the place is open: all that they held is reported,
   * so that a commit may replace them. It never takes them over.
   */
  readonly damaged: Map<string, Set<number>>
}

/** Folders of the dataset itself. */
export const folders = [...tableNames, "manifest"] as const

/** Names the paths; touches nothing. */
export const at = (fs: Fs, directory: string): Place => ({ ...Target.at(fs, directory), damaged: new Map() })

/** The path of a part's manifest, or of its file of one table. */
export const partPath = (table: typeof folders[number], folder: string, part: number): string =>
  `${table}/${folder}/part-${String(part).padStart(6, "0")}.${table === "manifest" ? "ndjson" : "parquet"}`

/** Fails if the tables cannot be written into, or the dataset is not as `checkFormat` wants it. Changes nothing. */
export const check = async (place: Place, geometry: Geometry): Promise<void> => {
  for (const name of folders) await Target.checkFolder(place.fs, join(place.output, name))
  await checkFormat(place, geometry)
}

/** Checks the format of a dataset, and of the one that it is a branch of. */
export const recover = async (place: Place, geometry: Geometry): Promise<void> => {
  for (const target of place.main === undefined ? [place] : [place.main, place]) await checkFormat(target, geometry)
}

/** Fails if the dataset is of another version, or holds geometry in another form. */
const checkFormat = async (place: Target.Target, geometry: Geometry): Promise<void> => {
  for (const folder of await batchFolders(place)) {
    for (const part of await partsOf(place, folder)) {
      const path = join(place.output, partPath("manifest", folder, part))
      const head = await headOf(place.fs, path)
      if (head === undefined) continue
      if (head.version !== PartManifest.version) {
        throw new Failure.Problem("conflict", OlderTables.refusal(sinkName, place.output, head.version))
      }
      if (head.geometry === geometry) return
      throw new Failure.Problem(
        "misconfigured",
        `${place.output} holds geometry as ${head.geometry}: choose the same, or another folder`
      )
    }
  }
}

/** The first line of a manifest; undefined if it has none that can be read. */
export const headOf = async (fs: Fs, path: string): Promise<PartManifest.Head | undefined> => {
  for await (const [line = ""] of Lines.read(fs, path)) {
    const head = PartManifest.decodeHead(line)
    if (head === "newer") throw Failure.newer(path)
    return head === "foreign" ? undefined : head
  }
  return undefined
}

/** Folders of the batches that have a manifest, in order. Fails if the dataset has the layout from before 0.1. */
export const batchFolders = async (place: Target.Target): Promise<ReadonlyArray<string>> => {
  const names = await Files.namesIn(place.fs, join(place.output, "manifest"))
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
export const partsOf = async (place: Target.Target, folder: string): Promise<ReadonlyArray<number>> =>
  (await Files.namesIn(place.fs, join(place.output, "manifest", folder)))
    .flatMap((name) => /^part-([0-9]{6,9})\.ndjson$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
