/** Reads YOLO folders as trainers do. */
import { parse } from "yaml"
import type { FormatKit } from "../../src/testing/index.ts"

export type Files = ReadonlyMap<string, Uint8Array>

export const textOf = (files: Files, path: string): string => {
  const bytes = files.get(path)
  if (bytes === undefined) throw new Error(`there is no ${path}`)
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
}

/** `data.yaml`, with the names of classes by index. */
export interface Data {
  readonly train: string
  readonly val: string
  readonly test?: string
  readonly names: Readonly<Record<number, string>>
  readonly kpt_shape?: readonly [number, number]
}

/** The rows of one label file; fails at one that a trainer takes for corrupt. */
export const readRows = (text: string): ReadonlyArray<ReadonlyArray<number>> =>
  text.split("\n").filter((line) => line !== "").map((line) => {
    if (!/^\d+( \d(\.\d{1,6})?)+$/.test(line)) throw new Error(`corrupt row: ${line}`)
    const row = line.split(" ").map(Number)
    if (row.slice(1).some((value) => value > 2)) throw new Error(`out of range: ${line}`)
    return row
  })

export const readData = (files: Files): Data => parse(textOf(files, "data.yaml")) as Data

/** All rows by `split/name`. */
export const readLabels = (files: Files): ReadonlyMap<string, ReadonlyArray<ReadonlyArray<number>>> =>
  new Map(
    [...files.keys()].flatMap((path) => {
      const [, key] = /^labels\/(.+)\.txt$/.exec(path) ?? []
      return key === undefined ? [] : [[key, readRows(textOf(files, path))] as const]
    })
  )

export const readYolo = (files: Files): FormatKit.ReadBack => {
  const { names } = readData(files)
  const classes = Object.keys(names).map((_, index) => names[index]!)
  const labels = [...readLabels(files)]
  return {
    classes,
    samples: new Map(labels.map(([key, rows]) => [key.slice(key.indexOf("/") + 1), rows.map(([id]) => classes[id!]!)]))
  }
}
