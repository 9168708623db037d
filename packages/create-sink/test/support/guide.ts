import { readFileSync } from "node:fs"
import { join } from "node:path"

/** The code of a guide by the path that stands above each block. */
const blocksOf = (...path: ReadonlyArray<string>): Readonly<Record<string, string>> => {
  const guide = readFileSync(join(import.meta.dirname, "..", "..", "..", "..", "docs", ...path), "utf8")
  const found = guide.matchAll(/^`([^`\n]+)`:\n\n```\w+\n([\s\S]*?)^```$/gm)
  return Object.fromEntries(Array.from(found, ([, path = "", text = ""]) => [path, text]))
}

/** The files of the guide to a sink. */
export const blocks = blocksOf("write-a-sink.md")

/** The files of the guide to a strong sink, which takes the place of the simple one in its package. */
export const strongBlocks = { ...blocks, ...blocksOf("extend", "write-a-strong-sink.md") }
