/** Holds the files of a job against its line in the manifest. */
import { Files, Hash } from "@labelstream/files"
import { join } from "node:path"
import type * as Manifest from "../Manifest.ts"
import type { Fs } from "./fs.ts"

/** How a file compares with what its line says. */
export type Comparison = "same" | "missing" | "changed"

/** Compares one file: there, a plain file, of this size and, where asked for, with this content. */
export const compareFile = async (
  fs: Fs,
  folder: string,
  file: Manifest.File,
  content: boolean
): Promise<Comparison> => {
  const path = join(folder, file.path)
  const found = await fs.find(path)
  if (found === undefined) return "missing"
  if (!found.isFile() || found.size !== file.size) return "changed"
  return !content || await Hash.sha256(fs, path, file.size) === file.sha256 ? "same" : "changed"
}

/** What lies in a job's nested folder, sorted; undefined where there is no such folder. */
export const namesIn = async (fs: Fs, folder: string): Promise<ReadonlyArray<string> | undefined> => {
  const found = await fs.find(folder)
  if (found?.isDirectory() !== true) return undefined
  const names = await fs.readdir(folder).catch((error: unknown) => {
    if (Files.codeOf(error) === "ENOENT") return undefined
    throw error
  })
  return names?.sort()
}

/** What stands in the place of a job: nothing, exactly these files with the same content, or something else. */
export const inPlace = async (fs: Fs, folder: string, line: Manifest.Line): Promise<"nothing" | "same" | "other"> => {
  const [document, nested] = await Promise.all([
    fs.find(join(folder, `${line.name}.json`)),
    fs.find(join(folder, line.name))
  ])
  if (document === undefined && nested === undefined) return "nothing"
  if (document?.size !== line.files[0]?.size) return "other"
  const found = (await namesIn(fs, join(folder, line.name))) ?? []
  const expected = new Set(line.files.slice(1).map(({ path }) => path.slice(line.name.length + 1)))
  if (found.length !== expected.size || !found.every((name) => expected.has(name))) return "other"
  if (nested !== undefined && expected.size === 0) return "other"
  for (const file of line.files) if (await compareFile(fs, folder, file, true) !== "same") return "other"
  return "same"
}
