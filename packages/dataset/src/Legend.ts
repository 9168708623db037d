/**
 * Turns a color mask and its legend into values, one for each class or instance. Unlabeled is alpha 0; in a mask without
 * alpha it is black, unless the legend has black.
 */
import * as Effect from "effect/Effect"
import { DatasetError } from "./DatasetError.ts"
import * as Png from "./Png.ts"
import type { Mask, Shape } from "./Sample.ts"

/** One segment of a legend: its color as `#rrggbb`, and its class or instance. */
export interface Segment {
  readonly color: string
  readonly shape: Shape
}

/** A mask, decoded. A pixel of value v has the color of segment v - 1; 0 is unlabeled. */
export interface Decoded {
  readonly width: number
  readonly height: number
  readonly values: Uint16Array
  /** Pixels by value. */
  readonly pixels: Float64Array
  /** Pixels of a color that is not in the legend. They are unlabeled. */
  readonly strays: number
}

/** Values are 16 bits. */
const maxSegments = 65_535

/** Decodes a mask. Throws a `DatasetError` if it is no PNG of a known kind. Of two segments of a color, the first counts. */
export const decode = (png: Uint8Array, colors: ReadonlyArray<string>): Decoded => {
  if (colors.length > maxSegments) {
    const detail = `the legend has ${colors.length} segments: a mask can have ${maxSegments}`
    throw new DatasetError({ reason: "content", detail })
  }
  const { channels, data, height, width } = Png.decode(png)
  const valueOf = new Map<number, number>()
  colors.forEach((color, index) => {
    const code = codeOf(color)
    if (code !== undefined && !valueOf.has(code)) valueOf.set(code, index + 1)
  })
  const unlabeledBlack = channels === 3 && !valueOf.has(0)
  const values = new Uint16Array(width * height)
  const pixels = new Float64Array(colors.length + 1)
  // Four bytes at once, in whatever order: all that matters is whether the next pixel is the same.
  const words = channels === 4 ? new Uint32Array(data.buffer, data.byteOffset, values.length) : wordsOf(data)
  let strays = 0
  for (let start = 0; start < values.length;) {
    const end = endOfRun(words, start)
    const isClear = channels === 4 && data[start * 4 + 3] === 0
    const color = colorAt(data, start * channels)
    const value = isClear ? undefined : valueOf.get(color)
    if (value !== undefined) values.fill(value, start, end)
    else if (!isClear && !(color === 0 && unlabeledBlack)) strays += end - start
    pixels[value ?? 0]! += end - start
    start = end
  }
  return { width, height, values, pixels, strays }
}

/** Where the run of equal words ends that starts here. */
const endOfRun = (words: Uint32Array, start: number): number => {
  const word = words[start]
  let at = start + 1
  while (at < words.length && words[at] === word) at++
  return at
}

/** The colors of pixels of three bytes, each as one number. */
const wordsOf = (data: Uint8Array): Uint32Array => {
  const words = new Uint32Array(data.length / 3)
  for (let at = 0, from = 0; at < words.length; at++, from += 3) words[at] = colorAt(data, from)
  return words
}

const colorAt = (data: Uint8Array, at: number): number => (data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!

const codeOf = (color: string): number | undefined =>
  /^#[0-9a-f]{6}$/i.test(color) ? Number.parseInt(color.slice(1), 16) : undefined

/**
 * Opens a mask: reads it once to find the segments that have pixels, and again whenever its values are read, so that
 * nothing is held in between. `bytes` can be run more than once.
 */
export const open = (
  bytes: Effect.Effect<Uint8Array, DatasetError>,
  legend: ReadonlyArray<Segment>
): Effect.Effect<Mask, DatasetError> =>
  Effect.map(decoded(bytes, legend), ({ height, pixels, strays, width }) => {
    const met = legend.filter((_, index) => pixels[index + 1]! > 0)
    return {
      width,
      height,
      entries: met.map(({ shape }) => shape),
      hasStrays: strays > 0,
      read: Effect.map(decoded(bytes, met), ({ values }) => values)
    }
  })

const decoded = (bytes: Effect.Effect<Uint8Array, DatasetError>, legend: ReadonlyArray<Segment>) =>
  Effect.flatMap(bytes, (png) =>
    Effect.try({
      try: () => decode(png, legend.map(({ color }) => color)),
      catch: (cause) =>
        cause instanceof DatasetError
          ? cause
          : new DatasetError({ reason: "content", detail: "the mask cannot be read", cause })
    }))
