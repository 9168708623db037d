/** The convex hull of points. */
import type { Point } from "../Sample.ts"

/** The corners of the convex hull in order, without repeats; fewer than three for points on a line. */
export const hull = (points: ReadonlyArray<Point>): ReadonlyArray<Point> => {
  const sorted = [...points].sort(([ax, ay], [bx, by]) => ax - bx || ay - by)
  const lower = chain(sorted)
  const upper = chain(sorted.reverse())
  return lower.length + upper.length === 0 ? points.slice(0, 1) : [...lower, ...upper]
}

/** One side of the hull, without its last point, which begins the other side. */
const chain = (points: ReadonlyArray<Point>): ReadonlyArray<Point> => {
  const side: Array<Point> = []
  for (const point of points) {
    while (side.length >= 2 && turn(side.at(-2)!, side.at(-1)!, point) <= 0) side.pop()
    side.push(point)
  }
  side.pop()
  return side
}

const turn = (a: Point, b: Point, c: Point): number => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
