/** Reads the pages about tables: the columns that they describe, their queries, and the commands that they show. */
import { readFileSync } from "node:fs"
import { join } from "node:path"

const docs = join(import.meta.dirname, "..", "..", "..", "docs")
const page = ["reference/tables.md", "recipes/query.md"].map((path) => readFileSync(join(docs, path), "utf8")).join(
  "\n"
)

/** The text below a heading, up to the next one. */
const section = (heading: string): string => {
  const [, text = ""] = page.split(`\n${heading}\n`)
  return text.split(/^#+ /m)[0] ?? ""
}

/** The cells of the first table below a heading, without its head. */
export const cells = (heading: string): ReadonlyArray<ReadonlyArray<string>> =>
  section(heading).split("\n\n").find((text) => text.includes("\n| ---"))?.trim().split("\n").slice(2)
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim())) ?? []

export interface Block {
  /** What the block is below. */
  readonly heading: string
  readonly text: string
}

/** The pages' blocks of code in a language, such as `sql`, or `sql sqlite` for those that SQLite alone runs. */
export const blocks = (language: string): ReadonlyArray<Block> =>
  page.split(/^#+ /m).flatMap((text) =>
    Array.from(text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm")), ([, block = ""]) => ({
      heading: text.slice(0, text.indexOf("\n")),
      text: block
    }))
  )
