// Reads the pages of ../docs. They stay plain Markdown, so that they also read well on GitHub and in the npm packages:
// the title is the first heading, and docs/README.md lists the pages in the order of the sidebar.
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"

const root = resolve(process.cwd(), "..")
const docs = join(root, "docs")
const repository = "https://github.com/labelstream/labelstream/blob/main"

export const site = "https://labelstream.github.io"

/** The path of the site below its host. */
export const base = "/labelstream"

export interface Page {
  readonly id: string
  /** Absolute. */
  readonly file: string
  readonly title: string
  readonly description: string
  /** Markdown without the title, with links that work on the site. */
  readonly body: string
}

const idOf = (file: string) => {
  const path = relative(docs, file).replace(/\.md$/, "")
  return path === "README" ? "index" : path
}

/** Pages link to each other by file; a link to any other file of the repository goes to GitHub. */
const siteLink = (file: string, target: string, hash: string): string => {
  const linked = resolve(dirname(file), target)
  if (!existsSync(linked)) throw new Error(`${relative(root, file)} links to ${target}, which does not exist`)
  if (!linked.startsWith(`${docs}/`)) return `${repository}/${relative(root, linked)}${hash}`
  const id = idOf(linked)
  return `${base}/${id === "index" ? "" : `${id}/`}${hash}`
}

const read = (file: string): Page => {
  const [, title, text] = /^# (.*)\n+([\s\S]*)$/.exec(readFileSync(file, "utf8")) ?? []
  if (title === undefined || text === undefined) throw new Error(`${relative(root, file)} does not begin with a title`)
  const body = text.replaceAll(
    /\]\((?!https?:|#)([^)\s#]+)(#[^)\s]*)?\)/g,
    (_, target: string, hash = "") => `](${siteLink(file, target, hash)})`
  )
  const description = text.slice(0, text.indexOf("\n\n")).replaceAll(/\s+/g, " ").replaceAll(
    /[`*]|\[([^\]]*)\]\([^)]*\)/g,
    "$1"
  )
  return { id: idOf(file), file, title: title.replaceAll("`", ""), description, body }
}

export const pages = (): ReadonlyArray<Page> =>
  readdirSync(docs, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".md"))
    .map((path) => read(join(docs, path)))

/** A group for each section of docs/README.md, with the pages that its list links to. */
export const sidebar = () =>
  readFileSync(join(docs, "README.md"), "utf8").split(/^## /m).slice(1).map((section) => ({
    label: section.slice(0, section.indexOf("\n")),
    items: Array.from(
      section.matchAll(/^- \[([^\]]+)\]\(([^)#]+)\.md\)/gm),
      ([, label = "", slug = ""]) => ({ label, slug })
    )
  }))
