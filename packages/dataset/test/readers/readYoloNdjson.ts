/** Reads YOLO NDJSON as its trainer does: the first key of `annotations` counts. */
import type { FormatKit } from "../../src/testing/index.ts"
import { type Files, textOf } from "./readYolo.ts"

export interface Head {
  readonly type: "dataset"
  readonly task: string
  readonly class_names: Readonly<Record<string, string>>
  readonly kpt_shape?: ReadonlyArray<number>
}

export interface Line {
  readonly type: "image"
  readonly file: string
  readonly url?: string
  readonly width?: number
  readonly height?: number
  readonly split: string
  readonly annotations: Readonly<Record<string, ReadonlyArray<ReadonlyArray<number>>>>
}

export const readLines = (files: Files): { readonly head: Head; readonly lines: ReadonlyArray<Line> } => {
  const [head, ...lines] = textOf(files, "dataset.ndjson").trimEnd().split("\n").map((line) =>
    JSON.parse(line) as unknown
  )
  return { head: head as Head, lines: lines as ReadonlyArray<Line> }
}

export const readYoloNdjson = (files: Files): FormatKit.ReadBack => {
  const { head, lines } = readLines(files)
  const classes = Object.keys(head.class_names).map((_, index) => head.class_names[index]!)
  return {
    classes,
    samples: new Map(lines.map(({ annotations, file }) => {
      const [rows = []] = Object.values(annotations)
      return [file.replace(/\.[^.]*$/, ""), rows.map(([id]) => classes[id!]!)]
    }))
  }
}
