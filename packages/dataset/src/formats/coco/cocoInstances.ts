/** COCO instances: boxes, polygons, and masks as compressed run lengths. */
import * as Effect from "effect/Effect"
import type { Classes } from "../../Classes.ts"
import * as Geometry from "../../Geometry.ts"
import * as Loss from "../../Loss.ts"
import * as Rle from "../../Rle.ts"
import type { Mask, Shape } from "../../Sample.ts"
import { byExtent, type Table } from "../shared/carried.ts"
import * as Pixels from "../shared/pixels.ts"
import { segmentRuns } from "../shared/segments.ts"
import { type Annotations, element, type Placed } from "./cocoFile.ts"

/** How shapes are written. */
export const table: Table = { segment: Loss.kept, rectangle: Loss.kept, polygon: Loss.kept, cuboid: byExtent }

const placed = (shape: Shape, size: Pixels.Size): Placed => {
  const { points, type } = shape
  const { height, left, top, width } = Pixels.boxOf(points, size)
  const box = [left, top, width, height]
  if (type === "cuboid" || (type === "rectangle" && (points.length < 3 || Geometry.isAxisAligned(points)))) {
    return { shape, box, area: Geometry.round(width * height, 4), members: "\"segmentation\":[]" }
  }
  const area = Geometry.round(Geometry.area(points) * size.width * size.height, 4)
  return { shape, box, area, members: `"segmentation":[[${Pixels.pointsOf(points, size).join(",")}]]` }
}

const placedRuns = (shape: Shape, counts: Rle.Counts, { height, width }: Mask): Placed => ({
  shape,
  box: Rle.box(counts, height),
  area: Rle.area(counts),
  members: `"segmentation":{"size":[${height},${width}],"counts":${JSON.stringify(Rle.toText(counts))}}`
})

/** Makes the annotations of each sample. */
export const annotations = (classes: Classes): Annotations => (sample, imageId, nextId) => {
  const { mask, shapes } = sample
  const size = Pixels.sizeOf(sample)
  const annotation = (found: Placed) => element(found, nextId(), imageId, classes)
  const drawn = () => shapes.map((shape) => annotation(placed(shape, size)))
  if (mask === null) return drawn()
  return Effect.map(segmentRuns(mask), (segments) => [
    ...drawn(),
    ...segments.map(([shape, counts]) => annotation(placedRuns(shape, counts, mask)))
  ])
}
