/** Reads MOT sequences. */
import type { FormatKit } from "../../src/testing/index.ts"
import { readSamples } from "./files/readSamples.ts"
import { type Files, textOf } from "./readYolo.ts"

/** The rows of a sequence as numbers. */
export const readRows = (files: Files, folder: string): ReadonlyArray<ReadonlyArray<number>> =>
  textOf(files, `${folder}/gt/gt.txt`).split("\n").slice(0, -1).map((line) => line.split(",").map(Number))

export const readInfo = (files: Files, folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    textOf(files, `${folder}/seqinfo.ini`).split("\n").slice(1, -1).map((line) => line.split("=") as [string, string])
  )

export const readMot = (files: Files): FormatKit.ReadBack => {
  const folders = [...files.keys()].flatMap((path) => /^(.+)\/seqinfo\.ini$/.exec(path)?.[1] ?? [])
  const table = readSamples(files)
  // A dataset without videos names no class.
  let classes = JSON.parse(textOf(files, "classes.json")) as ReadonlyArray<string>
  const samples = new Map<string, ReadonlyArray<string>>()
  for (const folder of folders) {
    classes = textOf(files, `${folder}/gt/labels.txt`).split("\n").slice(0, -1)
    const rows = readRows(files, folder)
    const length = Number(readInfo(files, folder)["seqLength"])
    for (let frame = 1; frame <= length; frame++) {
      const job = folder.slice(folder.indexOf("/") + 1)
      const { name } = table.find((row) => row.job_id === job && Number(row.frame_index) === frame - 1)!
      const found = rows.filter(([number]) => number === frame)
      if (found.some((row) => row.length !== 9 || row.some(Number.isNaN))) throw new Error(`${folder} is damaged`)
      samples.set(name, found.map((row) => classes[row[7]! - 1]!))
    }
  }
  return { classes, samples }
}
