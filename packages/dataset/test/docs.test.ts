import { assert, describe, it } from "@effect/vitest"
import { SinkPlugin } from "@labelstream/core/sink"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect } from "vitest"
import * as Dataset from "../src/index.ts"

const folder = join(import.meta.dirname, "../../../docs/formats")
const read = (name: string) => readFileSync(join(folder, `${name}.md`), "utf8")

/** All formats that the package exports. Their options are used as text alone. */
const formats = Object.values(Dataset).flatMap((member) =>
  "format" in member ? [member.format as unknown as Dataset.DatasetFormat.DatasetFormat<{}>] : []
)

/** The sinks that the package exports by name. */
const exported = Object.keys(
  (JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8")) as { readonly exports: object })
    .exports
).map((path) => path.slice(2)).filter((name) => !["", "testing", "package.json"].includes(name))

const markdown = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)))
  const line = (row: ReadonlyArray<string>) =>
    `| ${row.map((text, column) => text.padEnd(widths[column]!)).join(" | ")} |`
  return [line(rows[0]!), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rows.slice(1).map(line)]
    .join("\n")
}

const shared = "[options of all formats](overview.md#options-of-all-formats)"

/** As `labelstream sinks NAME` describes them. */
const optionsOf = (format: Dataset.DatasetFormat.DatasetFormat<{}>): string => {
  const own = SinkPlugin.optionsOf({ options: Dataset.DatasetFormat.optionsOf(format) })
    .filter(({ name }) => name in format.fields)
  if (own.length === 0) return `It has the ${shared}.`
  return `Besides the ${shared}:\n\n${
    markdown([["option", "meaning"], ...own.map(({ description, name }) => [`\`${name}\``, description])])
  }`
}

/** Annotations with the same fate are one row, and variants with the same fates one column. */
const annotationsOf = (format: Dataset.DatasetFormat.DatasetFormat<{}>): string => {
  const cells = Dataset.LossTable.of(format)
  const fateOf = ({ how, why }: typeof cells[number]) => how === "approximated" ? why! : how
  const columns = [...Map.groupBy(cells, ({ variant }) => variant)].map(([variant, of]) => ({
    title: variant === "" ? "default" : variant,
    fates: of.map(fateOf)
  }))
  const isOne = columns.every(({ fates }) => String(fates) === String(columns[0]!.fates))
  const shown = isOne ? [{ ...columns[0]!, title: "written" }] : columns
  const rows = Dataset.LossTable.rows.map((what, index) => ({ what, fates: shown.map(({ fates }) => fates[index]!) }))
  return markdown([
    ["annotation", ...shown.map(({ title }) => title)],
    ...Array.from(
      Map.groupBy(rows, ({ fates }) => String(fates)).values(),
      (same) => [same.map(({ what }) => what).join(", "), ...same[0]!.fates]
    )
  ])
}

const sectionsOf = (format: Dataset.DatasetFormat.DatasetFormat<{}>): string =>
  `## Options\n\n${optionsOf(format)}\n\n## Annotations\n\n${annotationsOf(format)}\n`

describe.each(formats)("the page about $name", (format) => {
  it("says which options the format has, and what it does with each annotation", async () => {
    const page = read(format.name)
    const [start, limits] = [page.indexOf("## Options\n"), page.indexOf("\n## Limits\n")]
    assert.isTrue(start > 0 && limits > start, "it has the sections Options and Limits")
    const twin = formats.find(({ name }) => name < format.name && format.name.startsWith(`${name}-`))
    const sections = twin !== undefined && sectionsOf(twin) === sectionsOf(format)
      ? `## Options\n\nOptions and annotations are those of [\`${twin.name}\`](${twin.name}.md).\n`
      : sectionsOf(format)
    const text = page.slice(0, start) + sections + page.slice(limits)
    await expect(text).toMatchFileSnapshot(join(folder, `${format.name}.md`))
  })
})

describe("the pages about datasets", () => {
  const overview = read("overview")

  it("are one for each format, and the overview links to each", () => {
    const names = formats.map(({ name }) => name).sort()
    assert.deepStrictEqual(exported.sort(), names)
    const pages = readdirSync(folder).map((file) => file.replace(".md", ""))
    assert.deepStrictEqual(pages.sort(), [...names, "overview"].sort())
    for (const name of names) assert.include(overview, `| [\`${name}\`](${name}.md)`)
  })

  it("say which formats have a place for every shape of an image", () => {
    const isOfClouds = (what: string) => what === "3D box" || what.startsWith("points of")
    const keepsAll = (format: typeof formats[number]) =>
      Dataset.LossTable.of(format).every(({ how, what }) => how !== "dropped" || isOfClouds(what))
    const said = Array.from(overview.matchAll(/^\| \[`(.*)`\].*every shape/gm), ([, name = ""]) => name)
    assert.deepStrictEqual(said.sort(), formats.filter(keepsAll).map(({ name }) => name).sort())
  })

  it("describe every option that all formats have", () => {
    const rows = overview.split("\n").filter((line) => line.startsWith("|")).map((line) => line.split("|")[1]!.trim())
    const described = new Set(rows.map((name) => name.replaceAll("`", "")))
    for (const name of Object.keys(Dataset.DatasetOptions.fields)) assert.isTrue(described.has(name), name)
  })
})
