/** Rectangles that are turned, for formats that have an angle. */
import type { Point } from "../../Sample.ts"
import type { Size } from "./pixels.ts"

/** A rectangle in pixels that was turned clockwise, about its center or its corner: the same angle. */
export interface Turned {
  readonly center: Point
  /** Where the corner is, after it was turned, that was at the top left before. */
  readonly corner: Point
  readonly width: number
  readonly height: number
  /** From 0 to below 360. */
  readonly degrees: number
}

/**
 * The rectangle whose corners these points are, in order around it. Undefined if they are those of none in pixels, to a
 * hundredth of a pixel.
 */
export const turnedIn = (points: ReadonlyArray<Point>, size: Size): Turned | undefined => {
  if (points.length !== 4) return undefined
  const [a, b, c, d] = points.map(([x, y]) => [x * size.width, y * size.height]) as unknown as readonly [
    Point,
    Point,
    Point,
    Point
  ]
  const [w, h] = [Math.hypot(b[0] - a[0], b[1] - a[1]), Math.hypot(d[0] - a[0], d[1] - a[1])]
  const isParallelogram = Math.hypot(a[0] + c[0] - b[0] - d[0], a[1] + c[1] - b[1] - d[1]) < 0.01
  const slant = Math.abs((b[0] - a[0]) * (d[0] - a[0]) + (b[1] - a[1]) * (d[1] - a[1]))
  if (!isParallelogram || w === 0 || h === 0 || slant > 0.01 * Math.max(w, h)) return undefined
  // Where the corners go around against the clock, the last one is next to the first clockwise.
  const isClockwise = (b[0] - a[0]) * (d[1] - a[1]) - (b[1] - a[1]) * (d[0] - a[0]) > 0
  const [width, height, next] = isClockwise ? [w, h, b] : [h, w, d]
  const degrees = Math.atan2(next[1] - a[1], next[0] - a[0]) * 180 / Math.PI
  const center: Point = [(a[0] + c[0]) / 2, (a[1] + c[1]) / 2]
  return { center, corner: a, width, height, degrees: (degrees + 360) % 360 }
}
