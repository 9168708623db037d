/** The paths of manifests under the output folder. */
import { Failure, Files, type Fs, Target } from "@labelstream/storage"
import { join } from "node:path"
import * as Manifest from "../Manifest.ts"

/** Paths under one output folder, and the operations to work on them. */
export interface Place extends Target.Target {
  /** An empty file for each batch whose manifest is to be put in order when a run completes. */
  readonly unordered: string
}

/** Names the paths; touches nothing. */
export const at = (fs: Fs, directory: string): Place => {
  const target = Target.at(fs, directory, ["unordered"])
  return { ...target, unordered: join(target.hidden, "unordered") }
}

/** Fails unless all manifests are of this version. Changes nothing. */
export const check = async (place: Place): Promise<void> => {
  for (const batch of await batchFolders(place)) {
    const path = join(place.output, batch, Manifest.fileName)
    await Files.withFile(place.fs, path, "r", (fd) => checkHeader(place.fs, fd, path))
  }
}

/** Fails unless an open manifest begins as this version writes it, or has no whole line yet. */
export const checkHeader = async (fs: Fs, fd: number, path: string): Promise<void> => {
  const start = Buffer.alloc(256)
  const length = await fs.read(fd, start, 0)
  const end = start.subarray(0, length).indexOf("\n")
  // A first line that was torn by a crash is repaired by `open`.
  if (end < 0 && Manifest.header.startsWith(start.toString("utf8", 0, length))) return
  const found = end < 0 ? "foreign" : Manifest.decodeHeader(start.toString("utf8", 0, end))
  if (found === "newer") throw Failure.newer(path)
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
    if ((await fs.find(join(output, name)))?.isDirectory() !== true) continue
    if ((await fs.find(join(output, name, Manifest.fileName)))?.isFile() === true) folders.push(name)
  }
  return folders.sort()
}
