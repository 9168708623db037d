/** Says how shapes are written: one table by type for each format, and what all formats say in the same words. */
import * as Geometry from "../../Geometry.ts"
import * as Keypoints from "../../Keypoints.ts"
import * as Loss from "../../Loss.ts"
import type { Shape } from "../../Sample.ts"

/** How a format writes shapes, by type. A type that is not named is dropped. */
export type Table = Partial<Record<Shape["type"], Loss.Carried | ((shape: Shape) => Loss.Carried)>>

/** Fewest points that show where a shape is. */
const least: Partial<Record<Shape["type"], number>> = { rectangle: 2, cuboid: 2, polygon: 3, line: 2, landmark: 1 }

/** Written as the smallest upright rectangle around its points. */
export const byExtent: Loss.Carried = Loss.approximated("written as its extent")

/** Looks a shape up in a format's table. */
export const carried = (shape: Shape, table: Table): Loss.Carried => {
  const { points, type } = shape
  const found = table[type]
  if (found === undefined) return Loss.dropped(`no place for ${type}`)
  if (points.length < (least[type] ?? 0)) return Loss.dropped("too few points")
  return typeof found === "function" ? found(shape) : found
}

/** For rectangles: one answer if the corners are those of an upright rectangle, and another one if it is turned. */
export const ifUpright = (upright: Loss.Carried, turned: Loss.Carried) => ({ points }: Shape): Loss.Carried =>
  Geometry.isAxisAligned(points) ? upright : turned

/** For landmarks, where each point has a place by its label among `names`, or among the labels found. */
export const asKeypoints = (names?: ReadonlyArray<string>) => (shape: Shape): Loss.Carried =>
  Keypoints.fits(shape, names) ? Loss.kept : Loss.approximated("a point has no place of its own among the keypoints")

/** For shapes with points, where the format has no place for the labels of points. */
export const withoutPointLabels = ({ pointLabels }: Shape): Loss.Carried =>
  pointLabels === null ? Loss.kept : Loss.approximated("labels of points are left out")

/** For formats that have a place for every shape of an image. */
export const everyShape: Table = {
  rectangle: Loss.kept,
  polygon: Loss.kept,
  line: Loss.kept,
  landmark: Loss.kept,
  cuboid: byExtent,
  classification: Loss.kept,
  segment: Loss.kept
}

/** For formats of upright boxes. */
export const boxes: Table = { rectangle: ifUpright(Loss.kept, byExtent), polygon: byExtent, cuboid: byExtent }
