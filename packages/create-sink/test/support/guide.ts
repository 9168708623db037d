import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { SinkTemplate } from "../../src/index.ts"

/** The text of the guide to a kind of package. */
export const page = (kind: SinkTemplate.Kind): string =>
  readFileSync(join(import.meta.dirname, "..", "..", "..", "..", "docs", `write-a-${kind}.md`), "utf8")

/** The code of a guide, by the path that is above each block. */
export const blocksOf = (kind: SinkTemplate.Kind): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Array.from(
      page(kind).matchAll(/^`([^`\n]+)`:\n\n```\w+\n([\s\S]*?)^```$/gm),
      ([, path = "", text = ""]) => [path, text]
    )
  )
