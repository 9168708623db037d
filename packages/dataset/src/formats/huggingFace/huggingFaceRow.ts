/** A row of a Hugging Face dataset, without its images. */
import type { Classes } from "../../Classes.ts"
import * as Geometry from "../../Geometry.ts"
import type { Sample, Shape } from "../../Sample.ts"
import { originOf } from "../shared/origin.ts"
import { boxOf, sizeOf } from "../shared/pixels.ts"

/** Categories are places in the list of classes, from 0. Attributes are JSON text of an object. */
const commonOf = (shapes: ReadonlyArray<Shape>, classes: Classes) => ({
  categories: shapes.map(({ label }) => classes.indexOf(label)),
  track_id: shapes.map(({ track }) => track),
  instance: shapes.map(({ instance }) => instance),
  attributes: shapes.map(({ attributes }) => attributes)
})

/** One row. Names are those of the columns. */
export type TextRow = ReturnType<typeof rowOf>

/** Makes the row of a sample. It has `segments` if the dataset has masks. */
export const rowOf = (sample: Sample, classes: Classes, hasMasks: boolean) => {
  const { mask, shapes, url } = sample
  const size = sizeOf(sample)
  const boxes = shapes.map(({ points }) => boxOf(points, size))
  const entries = (mask?.entries ?? []).filter((entry) => entry !== null)
  return {
    ...size,
    url,
    ...originOf(sample),
    objects: {
      bbox: boxes.map(({ height, left, top, width }) => [left, top, width, height]),
      area: boxes.map(({ height, width }) => Geometry.round(height * width, 4)),
      ...commonOf(shapes, classes)
    },
    ...hasMasks ? { segments: commonOf(entries, classes) } : {}
  }
}
