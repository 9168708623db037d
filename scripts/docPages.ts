/** The pages of `docs`, the READMEs, and the docstrings, with their blocks of code, for tests of the documentation. */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"

export const root = join(import.meta.dirname, "..")

export interface Block {
  /** Relative to the root, with the line. */
  readonly where: string
  readonly language: string
  readonly text: string
  /** The file that the text before the block names, such as `src/index.ts`. */
  readonly file: string | undefined
}

export interface Page {
  /** Relative to the root. */
  readonly path: string
  readonly text: string
  readonly blocks: ReadonlyArray<Block>
}

const fence = /^( *)```([^\n`]*)\n([\s\S]*?)^ *```$/gm

const blocksOf = (path: string, text: string): ReadonlyArray<Block> =>
  Array.from(text.matchAll(fence), ({ 1: indent = "", 2: language = "", 3: block = "", index }) => {
    const before = text.slice(0, index)
    return {
      where: `${path}:${before.split("\n").length}`,
      language,
      text: block.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
      file: /`([^`\n]+\.\w+)`:\n\n$/.exec(before.slice(before.lastIndexOf("\n", index - 3) + 1))?.[1]
    }
  })

const read = (path: string): Page => {
  const text = readFileSync(join(root, path), "utf8")
  return { path, text, blocks: blocksOf(path, text) }
}

const find = (pattern: string) => globSync(pattern, { cwd: root, exclude: ["**/node_modules"] }).toSorted()

export const pages: ReadonlyArray<Page> = [
  ...find("*.md"),
  ...find("docs/**/*.md"),
  ...find("packages/*/README.md")
].map(read)

/** The docstrings of the packages, as one page of Markdown per file. */
export const docstrings: ReadonlyArray<Page> = find("packages/*/src/**/*.ts").map((path) => {
  // Every line keeps its number, so that `where` is right.
  const text = readFileSync(join(root, path), "utf8").split("\n")
    .map((line) => /^ *\* ?(.*)$/.exec(line)?.[1] ?? "").join("\n")
  return { path, text, blocks: blocksOf(path, text) }
})

/** The lines of a shell block, without comments, joined where they continue. */
export const shellLines = (text: string): ReadonlyArray<string> =>
  text.replaceAll("\\\n", " ").split("\n").map((line) => line.replace(/(^|\s)#.*$/, "").trim()).filter((line) =>
    line !== ""
  )
