/** Reads `docs/reference/tables.md`: the columns that it describes, its queries, and what it has people type. */
import { readFileSync } from "node:fs"
import { join } from "node:path"

const page = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "reference", "tables.md"), "utf8")

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

/** The page's blocks of code in a language, such as `sql`, or `sql sqlite` for those that SQLite alone runs. */
export const blocks = (language: string): ReadonlyArray<Block> =>
  page.split(/^#+ /m).flatMap((text) =>
    Array.from(text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm")), ([, block = ""]) => ({
      heading: text.slice(0, text.indexOf("\n")),
      text: block
    }))
  )
