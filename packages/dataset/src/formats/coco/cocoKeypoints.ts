/** COCO keypoints: the points of each landmark in a fixed order, the same for all classes. */
import type { Classes } from "../../Classes.ts"
import { DatasetError } from "../../DatasetError.ts"
import * as Geometry from "../../Geometry.ts"
import type * as Keypoints from "../../Keypoints.ts"
import * as Pixels from "../shared/pixels.ts"
import { type Annotations, element } from "./cocoFile.ts"

/** Lines between keypoints, by their numbers from 1. */
export type Skeleton = ReadonlyArray<readonly [from: number, to: number]>

/** Returns the problem of a skeleton; undefined if it fits. */
export const problemOf = (skeleton: Skeleton, { names }: Keypoints.Layout): DatasetError | undefined => {
  const strange = skeleton.flat().find((number) => number > names.length)
  return strange === undefined ? undefined : new DatasetError({
    reason: "options",
    detail: `the skeleton has keypoint ${strange}, and there are ${names.length}: correct it, or name the keypoints`
  })
}

/** Makes the annotations of each sample. */
export const annotations = (classes: Classes, layout: Keypoints.Layout): Annotations => (sample, imageId, nextId) => {
  const size = Pixels.sizeOf(sample)
  return sample.shapes.map((shape) => {
    const points = layout.place(shape)
    const found = points.filter(([, , visibility]) => visibility > 0).length
    const numbers = points.flatMap(([x, y, v]) => [Geometry.pixels(x, size.width), Geometry.pixels(y, size.height), v])
    const { height, left, top, width } = Pixels.boxOf(shape.points, size)
    const members = `"segmentation":[],"num_keypoints":${found},"keypoints":[${numbers.join(",")}]`
    const placed = { shape, box: [left, top, width, height], area: Geometry.round(width * height, 4), members }
    return element(placed, nextId(), imageId, classes)
  })
}
