/** Shapes in pixels, at most 4 decimals. */
import * as Geometry from "../../Geometry.ts"
import type { Point, Sample } from "../../Sample.ts"

/** The size of an image. */
export interface Size {
  readonly width: number
  readonly height: number
}

/** The size of a sample of a format that needs sizes. */
export const sizeOf = ({ height, width }: Sample): Size => ({ width: width ?? 0, height: height ?? 0 })

/** An upright rectangle in pixels. */
export interface PixelBox {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
  /** Right less left, and bottom less top: at most 4 decimals, too. */
  readonly width: number
  readonly height: number
}

/** The extent of points. */
export const boxOf = (points: ReadonlyArray<Point>, { height, width }: Size): PixelBox => {
  const { x0, x1, y0, y1 } = Geometry.extent(points)
  const [left, right] = [Geometry.pixels(x0, width), Geometry.pixels(x1, width)]
  const [top, bottom] = [Geometry.pixels(y0, height), Geometry.pixels(y1, height)]
  return {
    left,
    top,
    right,
    bottom,
    width: Geometry.round(right - left, 4),
    height: Geometry.round(bottom - top, 4)
  }
}

/** Each point. */
export const pointsOf = (points: ReadonlyArray<Point>, { height, width }: Size): ReadonlyArray<Point> =>
  points.map(([x, y]) => [Geometry.pixels(x, width), Geometry.pixels(y, height)])

/** The corners of a polygon, or of a rectangle that may have only two points. */
export const ringOf = (points: ReadonlyArray<Point>): ReadonlyArray<Point> =>
  points.length === 2 ? Geometry.corners(Geometry.extent(points)) : points
