/**
 * Turns a color mask and its legend into values, one for each class or instance. Unlabeled is alpha 0; in a mask without
 * alpha it is black, unless the legend has black.
 */
import * as Effect from "effect/Effect"
import { DatasetError } from "./DatasetError.ts"
import * as MaskRuns from "./internal/maskRuns.ts"
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
  let values = new Uint16Array()
  const found = scan(png, colors, (size) => {
    values = new Uint16Array(size)
    return (value, start, end) => void (value !== 0 && values.fill(value, start, end))
  })
  return { ...found, values }
}

/** Reads a mask, and reports the runs of pixels with the same value, in their order. */
const scan = (
  png: Uint8Array,
  colors: ReadonlyArray<string>,
  begin: (pixels: number) => (value: number, start: number, end: number) => void
): Omit<Decoded, "values"> => {
  if (colors.length > maxSegments) {
    const detail = `the legend has ${colors.length} segments: a mask can have ${maxSegments}`
    throw new DatasetError({ reason: "content", detail })
  }
  const valueOf = new Map<number, number>()
  colors.forEach((color, index) => {
    const code = codeOf(color)
    if (code !== undefined && !valueOf.has(code)) valueOf.set(code, index + 1)
  })
  const pixels = new Float64Array(colors.length + 1)
  let strays = 0
  const { height, width } = Png.forEachRow(png, ({ channels, height, width }) => {
    const unlabeledBlack = channels === 3 && !valueOf.has(0)
    const report = begin(width * height)
    return (row, y, ends) => {
      // Four bytes at once, in whatever order: all that matters is whether the next pixel is the same.
      const words = channels === 4 ? new Int32Array(row.buffer, row.byteOffset, width) : wordsOf(row)
      for (let start = 0, run = 0; start < width; run++) {
        const end = ends === undefined ? endOfRun(words, start) : ends[run]!
        const isClear = channels === 4 && row[start * 4 + 3] === 0
        const color = colorAt(row, start * channels)
        const value = isClear ? 0 : valueOf.get(color) ?? 0
        if (value === 0 && !isClear && !(color === 0 && unlabeledBlack)) strays += end - start
        pixels[value]! += end - start
        report(value, y * width + start, y * width + end)
        start = end
      }
    }
  })
  return { width, height, pixels, strays }
}

/** Where the run of equal words ends that starts here. */
const endOfRun = (words: Int32Array, start: number): number => {
  const word = words[start]
  let at = start + 1
  while (at < words.length && words[at] === word) at++
  return at
}

/** The colors of pixels of three bytes, each as one number. */
const wordsOf = (data: Uint8Array): Int32Array => {
  const words = new Int32Array(data.length / 3)
  for (let at = 0, from = 0; at < words.length; at++, from += 3) words[at] = colorAt(data, from)
  return words
}

const colorAt = (data: Uint8Array, at: number): number => (data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!

const codeOf = (color: string): number | undefined =>
  /^#[0-9a-f]{6}$/i.test(color) ? Number.parseInt(color.slice(1), 16) : undefined

/** A mask that was opened, with its pixels. */
export interface Opened extends Mask {
  readonly entries: ReadonlyArray<Shape>
  /** The pixels as {@link reading} takes them. */
  readonly runs: Uint8Array
  /** The value of each entry in the runs. */
  readonly values: ReadonlyArray<number>
}

/** Opens a mask: decodes it once, and holds its pixels as runs of values, which are few. */
export const open = (
  bytes: Effect.Effect<Uint8Array, DatasetError>,
  legend: ReadonlyArray<Segment>
): Effect.Effect<Opened, DatasetError> =>
  Effect.flatMap(bytes, (png) =>
    Effect.try({
      try: () => {
        const writer = new MaskRuns.RunWriter()
        const found = scan(
          png,
          legend.map(({ color }) => color),
          () => (value, start, end) => writer.add(value, end - start)
        )
        const { height, pixels, strays, width } = found
        const values = Array.from(legend.keys(), (index) => index + 1).filter((value) => pixels[value]! > 0)
        const runs = writer.end()
        return {
          width,
          height,
          entries: values.map((value) => legend[value - 1]!.shape),
          hasStrays: strays > 0,
          runs,
          values,
          ...reading(Effect.succeed(runs), { height, values, width })
        }
      },
      catch: (cause) => toError(cause, "the mask cannot be read")
    }))

/** Reads the pixels of stored runs; `bytes` reads the runs. */
export const reading = (
  bytes: Effect.Effect<Uint8Array, DatasetError>,
  { height, values, width }: Pick<Opened, "height" | "values" | "width">
): Required<Pick<Mask, "read" | "readRuns">> => {
  const readRuns = Effect.flatMap(bytes, (runs) =>
    Effect.try({
      try: () => MaskRuns.decode(runs, width * height, values),
      catch: (cause) => toError(cause, "a mask of the store cannot be read")
    }))
  return { readRuns, read: Effect.map(readRuns, MaskRuns.expand) }
}

const toError = (cause: unknown, detail: string): DatasetError =>
  cause instanceof DatasetError ? cause : new DatasetError({ reason: "content", detail, cause })
