/** The tasks, losses, and rows that both forms of YOLO datasets share. */
import * as Schema from "effect/Schema"
import type { Classes } from "../../Classes.ts"
import * as Geometry from "../../Geometry.ts"
import * as Keypoints from "../../Keypoints.ts"
import * as Loss from "../../Loss.ts"
import type { Point, Sample, Shape } from "../../Sample.ts"
import { asKeypoints, boxes, byExtent, carried, type Table } from "./carried.ts"
import { ringOf } from "./pixels.ts"

/** The options of both forms. */
export const fields = {
  task: Schema.optionalKey(Schema.Literals(["detect", "segment", "pose", "obb"])).annotate({
    description: "What rows hold: detect (default, boxes), segment (polygons), pose (keypoints), obb (turned boxes)."
  }),
  keypoints: Schema.optionalKey(Schema.Array(Schema.String)).annotate({
    description: "pose only: names of the keypoints in order, as the points' labels. Default: the labels found."
  })
}

export type Options = Schema.Struct<typeof fields>["Type"]

/** The splits that readers know. */
export const splits = ["train", "val", "test"] as const

const tableOf = ({ keypoints, task = "detect" }: Options): Table => {
  switch (task) {
    case "detect":
      return boxes
    case "obb":
      return { rectangle: Loss.kept, polygon: Loss.approximated("written as its smallest rectangle"), cuboid: byExtent }
    case "segment":
      return { rectangle: Loss.kept, polygon: Loss.kept, cuboid: byExtent }
    case "pose":
      return { landmark: asKeypoints(keypoints) }
  }
}

/** How a shape is written in each task. */
export const carries = (shape: Shape, options: Options): Loss.Carried => carried(shape, tableOf(options))

/** The options that decide which shapes are kept. */
export const variants = {
  detect: { task: "detect" },
  segment: { task: "segment" },
  obb: { task: "obb" },
  pose: { task: "pose" }
} as const

const flat = (points: ReadonlyArray<Point>): ReadonlyArray<number> =>
  points.flatMap(([x, y]) => [Geometry.round(x, 6), Geometry.round(y, 6)])

const box = (points: ReadonlyArray<Point>): ReadonlyArray<number> => {
  const { x0, x1, y0, y1 } = Geometry.extent(points)
  return flat([[(x0 + x1) / 2, (y0 + y1) / 2], [x1 - x0, y1 - y0]])
}

const ring = (shape: Shape): ReadonlyArray<Point> =>
  shape.type === "cuboid" ? Geometry.corners(Geometry.extent(shape.points)) : ringOf(shape.points)

/** The rows of a sample: class, then numbers from 0 to 1 with at most 6 decimals. */
export const rows = (
  sample: Sample,
  classes: Classes,
  task: NonNullable<Options["task"]>,
  layout: Keypoints.Layout
): ReadonlyArray<ReadonlyArray<number>> =>
  sample.shapes.map((shape) => {
    const { label, points } = shape
    const index = classes.indexOf(label)
    switch (task) {
      case "detect":
        return [index, ...box(points)]
      case "segment":
        return [index, ...flat(ring(shape))]
      case "obb": {
        if (shape.type !== "polygon") return [index, ...flat(ring(shape))]
        return [index, ...flat(Geometry.clamp(Geometry.smallestRectangle(points, sample), sample).points)]
      }
      case "pose": {
        const placed = layout.place(shape).flatMap(([x, y, v]) => [...flat([[x, y]]), v])
        return [index, ...box(points), ...placed]
      }
    }
  })
