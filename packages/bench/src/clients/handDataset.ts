/**
 * A YOLO NDJSON dataset by hand, from documents that an export to files has stored: reads and parses each, and writes a line
 * for it. It knows images only, checks and syncs nothing, and holds everything in memory.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Run } from "../harness/client.ts"
import { type Document, rowsOf } from "./handRows.ts"

interface Spec {
  readonly folder: string
  /** The folder of the batch. */
  readonly source: string
}

const rounded = (value: number) => Math.round(value * 1e6) / 1e6

/** The line of a sample. New classes are numbered. */
export const lineOf = (path: string, rows: ReturnType<typeof rowsOf>, classes: Map<string, number>): string => {
  const boxes = rows.map(({ label, x_max, x_min, y_max, y_min }) => {
    const id = classes.get(label) ?? classes.size
    classes.set(label, id)
    const values = [(x_min! + x_max!) / 2, (y_min! + y_max!) / 2, x_max! - x_min!, y_max! - y_min!]
    return [id, ...values.map(rounded)]
  })
  return JSON.stringify({ type: "image", file: path.replace(/json$/, "jpg"), split: "train", annotations: { boxes } })
}

export const run: Run<Spec> = async ({ folder, source }, stopwatch) => {
  const samples = await stopwatch.run(() => {
    const classes = new Map<string, number>()
    const lines: Array<string> = []
    for (const name of readdirSync(source).filter((name) => name.endsWith(".json")).sort()) {
      const document = JSON.parse(readFileSync(join(source, name), "utf8")) as Document
      lines.push(lineOf(name, rowsOf(document, "batch", name), classes))
    }
    const names = Object.fromEntries(Array.from(classes, ([name, id]) => [id, name]))
    const head = JSON.stringify({ type: "dataset", task: "detect", class_names: names })
    writeFileSync(join(folder, "dataset.ndjson"), `${[head, ...lines].join("\n")}\n`)
    return lines.length
  })
  return { samples }
}
