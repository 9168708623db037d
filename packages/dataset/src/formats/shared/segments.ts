/** The segments of a mask: as boxes of pixels, and as run lengths. */
import * as Effect from "effect/Effect"
import type { DatasetError } from "../../DatasetError.ts"
import * as Rle from "../../Rle.ts"
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

/** The pixels in the box of a segment, row by row: 1 where the segment is, else 0. */
export const pixelsIn = (
  values: Uint16Array,
  { width: row }: Pick<Mask, "width">,
  { height, left, top, value, width }: SegmentBox
): Uint8Array => {
  const pixels = new Uint8Array(width * height)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (values[(top + y) * row + left + x] === value) pixels[at] = 1
    }
  }
  return pixels
}

/** Returns the lengths of the runs in these pixels: zeros, ones, zeros, and so on. */
export const rowRuns = (...of: Parameters<typeof pixelsIn>): ReadonlyArray<number> => {
  const runs: Array<number> = []
  let [last, length] = [0, 0]
  for (const pixel of pixelsIn(...of)) {
    if (pixel !== last) {
      runs.push(length)
      length = 0
      last = pixel
    }
    length++
  }
  return [...runs, length]
}

/** Reads the segments that have pixels and are not dropped, each with its runs. */
export const segmentRuns = (
  mask: Mask
): Effect.Effect<ReadonlyArray<readonly [Shape, Rle.Counts]>, DatasetError> => {
  const { entries, height, read, readRuns, width } = mask
  const found = readRuns === undefined
    ? Effect.map(read, (values) => Rle.encodeAll(values, width, height, entries.length))
    : Effect.map(readRuns, (runs) => Rle.encodeRuns(runs, width, height, entries.length))
  return Effect.map(found, (all) =>
    all.flatMap((counts, value) => {
      const shape = entries[value - 1] ?? null
      return counts === undefined || shape === null ? [] : [[shape, counts] as const]
    }))
}
