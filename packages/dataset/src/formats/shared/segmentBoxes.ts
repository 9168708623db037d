/** Finds the segments of a mask. */
import type { Mask, Shape } from "../../Sample.ts"

/** A segment that has pixels and is not dropped, and the smallest box around its pixels. */
export interface SegmentBox {
  readonly shape: Shape
  /** The value of its pixels. */
  readonly value: number
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  /** Pixels that it has. */
  readonly area: number
}

/** The segments of label values in order. */
export const segmentBoxes = (
  values: Uint16Array,
  { entries, width }: Pick<Mask, "entries" | "width">
): ReadonlyArray<SegmentBox> => {
  const found = entries.map(() => ({ area: 0, x0: width, x1: -1, y0: -1, y1: -1 }))
  for (let at = 0, x = 0, y = 0; at < values.length; at++) {
    const box = found[values[at]! - 1]
    if (box !== undefined) {
      box.area++
      if (x < box.x0) box.x0 = x
      if (x > box.x1) box.x1 = x
      if (box.y0 < 0) box.y0 = y
      box.y1 = y
    }
    if (++x === width) {
      x = 0
      y++
    }
  }
  return found.flatMap(({ area, x0, x1, y0, y1 }, index) => {
    const shape = entries[index] ?? null
    return shape === null || area === 0
      ? []
      : [{ shape, value: index + 1, left: x0, top: y0, width: x1 - x0 + 1, height: y1 - y0 + 1, area }]
  })
}
