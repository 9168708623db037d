/** What a row of a Hugging Face dataset has besides its pictures. */
import type { Classes } from "../../Classes.ts"
import * as Geometry from "../../Geometry.ts"
import type { Sample, Shape } from "../../Sample.ts"
import { boxOf, sizeOf } from "../shared/pixels.ts"

/** The columns that every shape has a value for. */
interface Common {
  /** Places in the list of classes, from 0. */
  readonly categories: ReadonlyArray<number>
  readonly track_id: ReadonlyArray<string | null>
  readonly instance: ReadonlyArray<string | null>
  /** JSON text of an object. */
  readonly attributes: ReadonlyArray<string>
}

/** One row. Names are those of the columns. */
export interface TextRow {
  readonly width: number
  readonly height: number
  readonly url: string | null
  readonly batch_id: string
  readonly job_id: string
  readonly reference_id: string
  readonly frame_id: string | null
  readonly frame_index: number | null
  readonly objects: Common & {
    readonly bbox: ReadonlyArray<ReadonlyArray<number>>
    readonly area: ReadonlyArray<number>
  }
  /** The classes and instances of the mask, if the dataset has masks. */
  readonly segments?: Common
}

const commonOf = (shapes: ReadonlyArray<Shape>, classes: Classes): Common => ({
  categories: shapes.map(({ label }) => classes.indexOf(label)),
  track_id: shapes.map(({ track }) => track),
  instance: shapes.map(({ instance }) => instance),
  attributes: shapes.map(({ attributes }) => attributes)
})

/** The row of a sample. */
export const rowOf = (sample: Sample, classes: Classes, hasMasks: boolean): TextRow => {
  const { frame, job, mask, shapes, url } = sample
  const size = sizeOf(sample)
  const boxes = shapes.map(({ points }) => boxOf(points, size))
  const entries = (mask?.entries ?? []).filter((entry) => entry !== null)
  return {
    ...size,
    url,
    batch_id: job.batchId,
    job_id: job.jobId,
    reference_id: job.referenceId,
    frame_id: frame?.id ?? null,
    frame_index: frame?.index ?? null,
    objects: {
      bbox: boxes.map(({ height, left, top, width }) => [left, top, width, height]),
      area: boxes.map(({ height, width }) => Geometry.round(height * width, 4)),
      ...commonOf(shapes, classes)
    },
    ...hasMasks ? { segments: commonOf(entries, classes) } : {}
  }
}
