import { readFileSync } from "node:fs"
import { join } from "node:path"

const guide = readFileSync(
  join(import.meta.dirname, "..", "..", "..", "..", "docs", "extend", "write-a-sink.md"),
  "utf8"
)

/** The code of the guide by the path that stands above each block. */
export const blocks: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from(guide.matchAll(/^`([^`\n]+)`:\n\n```\w+\n([\s\S]*?)^```$/gm), ([, path = "", text = ""]) => [path, text])
)
