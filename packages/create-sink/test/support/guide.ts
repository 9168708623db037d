import { readFileSync } from "node:fs"
import { join } from "node:path"
import { SinkTemplate } from "../../src/index.ts"

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

/** The files that the guide to a kind of package shows. */
export const blocksOf = (kind: SinkTemplate.Kind): Readonly<Record<string, string>> => codeIn(page(kind))

/** The package of a guide: the files that it shows, and the configuration that the generator adds. */
export const packageOf = (kind: SinkTemplate.Kind): Readonly<Record<string, string>> => ({
  ...SinkTemplate.files("shelf", "alone", kind),
  ...blocksOf(kind)
})

/** The package of the guide to a strong sink, which replaces files of the simple one. */
export const strongPackage = { ...packageOf("sink"), ...codeIn(read("write-a-strong-sink.md")) }
