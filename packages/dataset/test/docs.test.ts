import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect } from "vitest"
import * as Dataset from "../src/index.ts"

const docs = join(import.meta.dirname, "../../../docs")
const page = readFileSync(join(docs, "formats", "overview.md"), "utf8")

/** All formats by name, in the order of their names. */
const tables = [
  Dataset.Coco.format,
  Dataset.Cvat.format,
  Dataset.Datumaro.format,
  Dataset.HuggingFace.format,
  Dataset.Kitti.format,
  Dataset.LabelMe.format,
  Dataset.LabelStudio.format,
  Dataset.Masks.format,
  Dataset.Mot.format,
  Dataset.SemanticKitti.format,
  Dataset.Voc.format,
  Dataset.WebDataset.format,
  Dataset.Yolo.format
].map((format) => ({ name: format.name, cells: Dataset.LossTable.of(format as never) }))

const title = (name: string, variant: string) => variant === "" ? `\`${name}\`` : `\`${name}\`, ${variant}`

const signs = { kept: "●", approximated: "◐", dropped: "" } as const

const markdown = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)))
  const line = (row: ReadonlyArray<string>) =>
    `| ${row.map((text, column) => text.padEnd(widths[column]!)).join(" | ")} |`
  return [line(rows[0]!), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rows.slice(1).map(line)]
    .join("\n")
}

const columns = tables.flatMap(({ cells, name }) =>
  Array.from(new Set(cells.map(({ variant }) => variant)), (variant) => ({
    name: title(name, variant),
    cells: cells.filter((cell) => cell.variant === variant)
  }))
)

const overview = markdown([
  ["format", ...Dataset.LossTable.rows],
  ...columns.map(({ cells, name }) => [name, ...cells.map(({ how }) => signs[how])])
])

const approximations = markdown([
  ["format", "annotation", "how it is written"],
  ...columns.flatMap(({ cells, name }) =>
    cells.filter(({ how }) => how === "approximated").map(({ what, why }) => [name, what, why!])
  )
])

describe("the pages about datasets", () => {
  it("say what each format does with each annotation", async () => {
    const text = `# What each format keeps

● is kept as it is, ◐ is changed, and an empty cell means that the format has no place for it. \`yolo-ndjson\` keeps what
\`yolo\` keeps. \`loss.json\` in each dataset counts this for your data, by class. A test makes this page from the formats.

${overview}

## What is changed

${approximations}
`
    await expect(text).toMatchFileSnapshot(join(docs, "formats", "what-is-kept.md"))
  })

  it("describe every option that all formats have", () => {
    const rows = page.split("\n").filter((line) => line.startsWith("|")).map((line) => line.split("|")[1]!.trim())
    const described = new Set(rows.map((name) => name.replaceAll("`", "")))
    for (const name of Object.keys(Dataset.DatasetOptions.fields)) assert.isTrue(described.has(name), name)
  })

  it("name every format and each of its own options", () => {
    const formats = readFileSync(join(docs, "formats", "all.md"), "utf8")
    for (const { name } of tables) assert.include(formats, `\`${name}\``)
    for (
      const option of ["keypoints", "skeleton", "coordinates", "frame_rate", "layout", "shard_bytes", "image_root"]
    ) {
      assert.include(formats, `\`${option}\``)
    }
  })
})
