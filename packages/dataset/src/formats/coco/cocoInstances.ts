/** COCO instances: boxes, polygons, and masks as compressed run lengths. */
import * as Effect from "effect/Effect"
import type { Classes } from "../../Classes.ts"
import * as Geometry from "../../Geometry.ts"
import * as Loss from "../../Loss.ts"
import * as Rle from "../../Rle.ts"
import type { Mask, Sample, Shape } from "../../Sample.ts"
import { withTrack } from "../shared/attributes.ts"
import { byExtent, type Table } from "../shared/carried.ts"
import * as Pixels from "../shared/pixels.ts"
import type { Annotations } from "./cocoFile.ts"

/** How shapes are written. */
export const table: Table = { segment: Loss.kept, rectangle: Loss.kept, polygon: Loss.kept, cuboid: byExtent }

/** What an annotation says of where it is. */
interface Place {
  readonly bbox: ReadonlyArray<number>
  readonly area: number
  readonly segmentation: string
}

const placeOf = ({ points, type }: Shape, size: Pixels.Size): Place => {
  const { height, left, top, width } = Pixels.boxOf(points, size)
  const bbox = [left, top, width, height]
  if (type === "cuboid" || (type === "rectangle" && (points.length < 3 || Geometry.isAxisAligned(points)))) {
    return { bbox, area: Geometry.round(width * height, 4), segmentation: "[]" }
  }
  const area = Geometry.round(Geometry.area(points) * size.width * size.height, 4)
  return { bbox, area, segmentation: `[[${Pixels.pointsOf(points, size).join(",")}]]` }
}

/** The segments of a mask that have pixels and are not dropped, each with its runs. */
export const segmentsOf = (
  values: Uint16Array,
  { entries, height, width }: Mask
): ReadonlyArray<readonly [Shape, Rle.Counts]> =>
  Rle.encodeAll(values, width, height, entries.length).flatMap((counts, value) => {
    const shape = entries[value - 1] ?? null
    return counts === undefined || shape === null ? [] : [[shape, counts] as const]
  })

const placeOfRuns = (counts: Rle.Counts, { height, width }: Mask): Place => ({
  bbox: Rle.box(counts, height),
  area: Rle.area(counts),
  segmentation: `{"size":[${height},${width}],"counts":${JSON.stringify(Rle.toText(counts))}}`
})

/** Makes the annotations of each sample. */
export const annotations = (classes: Classes): Annotations => (sample: Sample, imageId, nextId) => {
  const annotation = (shape: Shape, { area, bbox, segmentation }: Place): string =>
    `{"id":${nextId()},"image_id":${imageId},"category_id":${classes.indexOf(shape.label) + 1},"bbox":[${
      bbox.join(",")
    }],"area":${area},"iscrowd":0,"segmentation":${segmentation},"attributes":${withTrack(shape)}}`
  const { mask, shapes } = sample
  const size = Pixels.sizeOf(sample)
  const drawn = () => shapes.map((shape) => annotation(shape, placeOf(shape, size)))
  if (mask === null) return drawn()
  return Effect.map(mask.read, (values) => [
    ...drawn(),
    ...segmentsOf(values, mask).map(([shape, counts]) => annotation(shape, placeOfRuns(counts, mask)))
  ])
}
