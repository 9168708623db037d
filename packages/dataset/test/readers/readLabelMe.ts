/** Reads LabelMe files next to images. */
import type { FormatKit } from "../../src/testing/index.ts"
import { stemOf } from "./files/readSamples.ts"
import { type Files, textOf } from "./readYolo.ts"

export interface Document {
  readonly version: string
  readonly flags: Readonly<Record<string, boolean>>
  readonly shapes: ReadonlyArray<{
    readonly label: string
    readonly points: ReadonlyArray<readonly [number, number]>
    readonly group_id: number | null
    readonly shape_type: string
    readonly flags: object
    readonly mask: string | null
    readonly track_id?: string
    readonly attributes: Readonly<Record<string, unknown>>
  }>
  readonly imagePath: string
  readonly imageData: null
  readonly imageHeight: number
  readonly imageWidth: number
}

export const readDocument = (files: Files, path: string): Document => {
  const document = JSON.parse(textOf(files, path)) as Document
  for (const key of ["version", "imageData", "imagePath", "shapes"]) {
    if (!Object.hasOwn(document, key)) throw new Error(`${path} lacks ${key}`)
  }
  if (document.shapes.some(({ points }) => points.length === 0)) throw new Error(`${path} has a shape without points`)
  return document
}

export const readLabelMe = (files: Files): FormatKit.ReadBack => ({
  classes: textOf(files, "labels.txt").split("\n").slice(0, -1),
  samples: new Map(
    [...files.keys()].filter((path) => /^[^/]+\/.+\.json$/.test(path)).map((path) => {
      const { flags, shapes } = readDocument(files, path)
      return [stemOf(path), [...Object.keys(flags), ...shapes.map(({ label }) => label)]]
    })
  )
})
