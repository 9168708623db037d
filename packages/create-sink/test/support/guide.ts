import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { SinkTemplate } from "../../src/index.ts"

const read = (name: string): string =>
  readFileSync(join(import.meta.dirname, "..", "..", "..", "..", "docs", "extend", name), "utf8")

/** The text of the guide to a kind of package. */
export const page = (kind: SinkTemplate.Kind): string => read(`write-a-${kind}.md`)

/** The code of a guide, by the path that is above each block. */
const codeIn = (guide: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Array.from(
      guide.matchAll(/^`([^`\n]+)`:\n\n```\w+\n([\s\S]*?)^```$/gm),
      ([, path = "", text = ""]) => [path, text]
    )
  )

/** The files of the guide to a kind of package. */
export const blocksOf = (kind: SinkTemplate.Kind): Readonly<Record<string, string>> => codeIn(page(kind))

/** The files of the guide to a strong sink, which replaces the simple one in its package. */
export const strongBlocks = { ...blocksOf("sink"), ...codeIn(read("write-a-strong-sink.md")) }
