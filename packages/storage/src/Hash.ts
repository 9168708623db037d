/** Compares stored files with what a manifest says of them. */
import { createHash } from "node:crypto"
import { join } from "node:path"
import { chunksOf } from "./Files.ts"
import type { Fs } from "./Fs.ts"

/** The sha256 of a file, 64 lower-case hex digits. */
export const sha256 = async (fs: Fs, path: string, size: number): Promise<string> => {
  const hash = createHash("sha256")
  for await (const bytes of chunksOf(fs, path, Math.min(size, 1024 * 1024))) hash.update(bytes)
  return hash.digest("hex")
}

/** How a file compares with what a manifest says of it. */
export type Comparison = "same" | "missing" | "modified"

/** Compares one file: exists, is a plain file, has this size and, on request, this content. */
export const compare = async (
  fs: Fs,
  folder: string,
  file: { readonly path: string; readonly size: number; readonly sha256: string },
  content: boolean
): Promise<Comparison> => {
  const path = join(folder, file.path)
  const found = await fs.find(path)
  if (found === undefined) return "missing"
  if (!found.isFile() || found.size !== file.size) return "modified"
  return !content || await sha256(fs, path, file.size) === file.sha256 ? "same" : "modified"
}
