/** Points, extents and areas. Everything is normalized unless a size is given. */
import { hull } from "./internal/hull.ts"
import type { Point } from "./Sample.ts"

/** The smallest upright rectangle around points. */
export interface Extent {
  readonly x0: number
  readonly y0: number
  readonly x1: number
  readonly y1: number
}

/** Rounds to at most `decimals` decimals, without -0. Up to 6 decimals, numbers from 0 to 1e15 print without an exponent. */
export const round = (value: number, decimals: 4 | 6): number => {
  const scale = decimals === 4 ? 1e4 : 1e6
  return Math.round(value * scale) / scale + 0
}

/** Pixels of a normalized value: at most 4 decimals. */
export const pixels = (value: number, size: number): number => round(value * size, 4)

/** The extent of at least one point. */
export const extent = (points: ReadonlyArray<Point>): Extent => {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const [x, y] of points) {
    if (x < x0) x0 = x
    if (x > x1) x1 = x
    if (y < y0) y0 = y
    if (y > y1) y1 = y
  }
  return { x0, y0, x1, y1 }
}

/** How far a corner may be from its extent, in images of any size: a hundredth of a pixel in 10,000. */
const upright = 1e-6

/** Whether a rectangle's points are the corners of their extent, so that nothing is lost by writing the extent. */
export const isAxisAligned = (points: ReadonlyArray<Point>): boolean => {
  if (points.length !== 2 && points.length !== 4) return false
  const { x0, x1, y0, y1 } = extent(points)
  const near = (value: number, to: number) => Math.abs(value - to) <= upright
  if (!points.every(([x, y]) => (near(x, x0) || near(x, x1)) && (near(y, y0) || near(y, y1)))) return false
  if (points.length === 2 || near(x0, x1) || near(y0, y1)) return true
  const [a, b, c, d] = points as [Point, Point, Point, Point]
  const areOpposite = ([px, py]: Point, [qx, qy]: Point) => near(px + qx, x0 + x1) && near(py + qy, y0 + y1)
  // And neighbors share a side: otherwise two points are the same, or the lines cross.
  return areOpposite(a, c) && areOpposite(b, d) && near(a[0], b[0]) !== near(a[1], b[1])
}

/** The four corners of an extent, clockwise from the top left. */
export const corners = ({ x0, x1, y0, y1 }: Extent): ReadonlyArray<Point> => [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]

/** The area of a polygon, in the units of its points squared. */
export const area = (points: ReadonlyArray<Point>): number => {
  let sum = 0
  let before = points.at(-1)
  for (const point of points) {
    sum += before![0] * point[1] - point[0] * before![1]
    before = point
  }
  return Math.abs(sum) / 2
}

/**
 * Moves points into the image. `isFar` says that one was moved by more than half a pixel; without a size, by more than
 * half a pixel in 1,000.
 */
export const clamp = (
  points: ReadonlyArray<Point>,
  size: { readonly width: number | null; readonly height: number | null }
): { readonly points: ReadonlyArray<Point>; readonly isFar: boolean } => {
  if (points.every(([x, y]) => x >= 0 && x <= 1 && y >= 0 && y <= 1)) return { points, isFar: false }
  const [farX, farY] = [0.5 / (size.width ?? 1000), 0.5 / (size.height ?? 1000)]
  let isFar = false
  const moved = points.map(([x, y]): Point => {
    const [inX, inY] = [Math.min(1, Math.max(0, x)), Math.min(1, Math.max(0, y))]
    isFar ||= Math.abs(inX - x) > farX || Math.abs(inY - y) > farY
    return [inX, inY]
  })
  return { points: moved, isFar }
}

/**
 * The four corners of the smallest rectangle around points, turned as it must be. A rectangle in pixels is none in
 * normalized units, so the size decides; without one, the image counts as a square. A side of a turned rectangle that is
 * shorter than a millionth of the image has no length.
 */
export const smallestRectangle = (
  points: ReadonlyArray<Point>,
  size: { readonly width: number | null; readonly height: number | null }
): ReadonlyArray<Point> => {
  const [width, height] = size.width === null || size.height === null ? [1, 1] : [size.width, size.height]
  const whole = extent(points.map(([x, y]) => [x * width, y * height]))
  let best: ReadonlyArray<Point> = corners(whole)
  let least = area(best)
  // Rounding decides the direction of a shorter side.
  const shortest = upright * Math.max(width, height)
  const isThin = Math.min(whole.x1 - whole.x0, whole.y1 - whole.y0) < shortest
  const ring = isThin ? [] : hull(points.map(([x, y]) => [onGrid(x) * width, onGrid(y) * height]))
  // One side of the smallest rectangle lies on a side of the hull.
  for (let i = 0; i < ring.length; i++) {
    const [from, to] = [ring[i]!, ring[(i + 1) % ring.length]!]
    const length = Math.hypot(to[0] - from[0], to[1] - from[1])
    if (length < shortest) continue
    const [cos, sin] = [(to[0] - from[0]) / length, (to[1] - from[1]) / length]
    const around = extent(ring.map(([x, y]) => [x * cos + y * sin, y * cos - x * sin]))
    const size = (around.x1 - around.x0) * (around.y1 - around.y0)
    // Upright wins unless another one is smaller by more than what rounding does.
    if (size >= least * (1 - 1e-9)) continue
    least = size
    const y1 = around.y1 - around.y0 < shortest ? around.y0 : around.y1
    best = corners({ ...around, y1 }).map(([x, y]) => [x * cos - y * sin, x * sin + y * cos])
  }
  return best.map(([x, y]) => [x / width, y / height])
}

/** Moves a coordinate by less than rounding matters, so that differences are not too small to multiply. */
const onGrid = (value: number): number => Math.round(value * 2 ** 40) / 2 ** 40
