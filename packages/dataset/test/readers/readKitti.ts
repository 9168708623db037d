/** Reads KITTI labels. Classes have `_` for blanks, and `classes.json` has their order. */
import type { FormatKit } from "../../src/testing/index.ts"
import { readSamples, stemOf } from "./files/readSamples.ts"
import { type Files, textOf } from "./readYolo.ts"

/** The rows of a file: so many columns each, all of which but the class are numbers. */
export const readRows = (files: Files, path: string, columns: 15 | 17): ReadonlyArray<ReadonlyArray<string>> =>
  textOf(files, path).split("\n").slice(0, -1).map((line) => {
    const row = line.split(" ")
    const at = columns === 15 ? 0 : 2
    if (row.length !== columns || row.some((value, index) => index !== at && Number.isNaN(Number(value)))) {
      throw new Error(`a row is damaged: ${line}`)
    }
    return row
  })

const reader = (folder: string, columns: 15 | 17) => (files: Files): FormatKit.ReadBack => {
  const classes = JSON.parse(textOf(files, "classes.json")) as ReadonlyArray<string>
  const nameOf = (type: string) => classes.find((name) => (name === "" ? "_" : name.replaceAll(/\s/g, "_")) === type)!
  const table = readSamples(files)
  const samples = new Map<string, ReadonlyArray<string>>()
  for (const path of files.keys()) {
    if (!path.includes(`/${folder}/`)) continue
    const rows = readRows(files, path, columns)
    if (columns === 15) samples.set(stemOf(path), rows.map(([type]) => nameOf(type!)))
    else {
      for (const { frame_index, name } of table.filter((row) => row.job_id === stemOf(path))) {
        samples.set(name, rows.filter(([frame]) => frame === frame_index).map(([, , type]) => nameOf(type!)))
      }
    }
  }
  return { classes, samples }
}

export const readKittiObjects = reader("label_2", 15)
export const readKittiTracks = reader("label_02", 17)
