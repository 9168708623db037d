/** Annotation rows of an image's result document, by hand: `JSON.parse`, a loop, and no check of what comes. */
import type { AnnotationModel } from "@labelstream/core"
import { readFileSync } from "node:fs"
import type { Run } from "../harness/client.ts"

interface Spec {
  readonly file: string
  readonly times: number
  /** Whether the bytes stay in memory between readings, as those of small documents do. */
  readonly held: boolean
}

interface Point {
  readonly x: number
  readonly y: number
}

interface Shape {
  readonly _id: string
  readonly label: string
  readonly attributes: Readonly<Record<string, { readonly value: unknown }>>
  readonly coordinates?: ReadonlyArray<Point>
  readonly points: Readonly<Record<string, Point>>
}

export interface Document {
  readonly data: { readonly annotations: Readonly<Record<string, ReadonlyArray<Shape>>> }
}

/** The same rows as the library's, for documents that the simulator makes. */
export const rowsOf = ({ data }: Document, batch_id: string, job_id: string): Array<AnnotationModel.AnnotationRow> => {
  const rows: Array<AnnotationModel.AnnotationRow> = []
  for (const list of Object.keys(data.annotations)) {
    const shapes = data.annotations[list]!
    const type = list.slice(0, -1) as AnnotationModel.AnnotationType
    for (let index = 0; index < shapes.length; index++) {
      const shape = shapes[index]!
      const points = shape.coordinates ?? Object.values(shape.points)
      let [x_min, y_min, x_max, y_max] = [Infinity, Infinity, -Infinity, -Infinity]
      for (const { x, y } of points) {
        if (x < x_min) x_min = x
        if (y < y_min) y_min = y
        if (x > x_max) x_max = x
        if (y > y_max) y_max = y
      }
      let attributes = ""
      for (const name of Object.keys(shape.attributes)) {
        const value = JSON.stringify(shape.attributes[name]!.value)
        attributes += `${attributes === "" ? "" : ","}${JSON.stringify(name)}:${value}`
      }
      rows.push({
        batch_id,
        job_id,
        annotation_index: rows.length,
        annotation_id: shape._id,
        track_id: null,
        frame_id: null,
        sensor_id: null,
        type,
        label: shape.label,
        instance: null,
        x_min,
        y_min,
        x_max,
        y_max,
        geometry: JSON.stringify(type === "cuboid" ? shape : points.map(({ x, y }) => [x, y])),
        attributes: `{${attributes}}`,
        color: null,
        label_key: null,
        source_path: `/data/annotations/${list}/${index}`,
        frame_index: null,
        media_index: 0,
        key_frame: null,
        point_labels: null,
        center_x: null,
        center_y: null,
        center_z: null,
        size_x: null,
        size_y: null,
        size_z: null,
        rotation_x: null,
        rotation_y: null,
        rotation_z: null,
        rotation_w: null
      })
    }
  }
  return rows
}

export const run: Run<Spec> = async ({ file, held, times }, stopwatch) => {
  const bytes = held ? readFileSync(file) : undefined
  const decoder = new TextDecoder("utf-8", { fatal: true })
  let rows = 0
  await stopwatch.run(() => {
    for (let time = 0; time < times; time++) {
      rows += rowsOf(JSON.parse(decoder.decode(bytes ?? readFileSync(file))) as Document, "batch-1", "job-1").length
    }
  })
  return { rows }
}
