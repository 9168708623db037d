/** Draws polygons into label maps. */
import type { Point } from "../Sample.ts"

/**
 * Sets the value of every pixel whose center is inside of a polygon in normalized units. Where its lines cross, what they
 * go around twice is outside.
 */
export const fill = (
  values: Uint16Array,
  width: number,
  height: number,
  points: ReadonlyArray<Point>,
  value: number
): void => {
  const ring = points.map(([x, y]) => [x * width, y * height] as const)
  const ys = ring.map(([, y]) => y)
  const last = Math.min(height - 1, Math.floor(Math.max(...ys) - 0.5))
  for (let row = Math.max(0, Math.ceil(Math.min(...ys) - 0.5)); row <= last; row++) {
    const y = row + 0.5
    const crossings: Array<number> = []
    ring.forEach(([x0, y0], index) => {
      const [x1, y1] = ring[(index + 1) % ring.length]!
      if (y0 <= y !== y1 <= y) crossings.push(x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    })
    crossings.sort((a, b) => a - b)
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const from = Math.max(0, Math.ceil(crossings[i]! - 0.5))
      const to = Math.min(width, Math.ceil(crossings[i + 1]! - 0.5))
      values.fill(value, row * width + from, row * width + Math.max(from, to))
    }
  }
}
