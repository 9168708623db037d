/**
 * Run lengths as COCO has them: pixels column by column, runs of zeros and ones alternate, and the first is of zeros. Masks are
 * written as runs, never as outlines.
 */
import type { PixelRuns } from "./Sample.ts"

/** Lengths of runs, starting with zeros, which may be 0. They sum to width times height. */
export type Counts = ReadonlyArray<number>

/**
 * Finds the runs of each value of a label map. `values` is row by row, and below 65,536; the result has the runs of value v
 * at index v, undefined for a value without pixels and for 0.
 */
export const encodeAll = (
  values: ArrayLike<number>,
  width: number,
  height: number,
  count: number
): ReadonlyArray<Counts | undefined> => encodeRuns(pixelRuns(values), width, height, count)

const pixelRuns = (values: ArrayLike<number>): PixelRuns => {
  const [found, ends]: [Array<number>, Array<number>] = [[], []]
  for (let at = 0; at < values.length;) {
    const value = values[at]!
    while (at < values.length && values[at] === value) at++
    found.push(value)
    ends.push(at)
  }
  return { values: Uint16Array.from(found), ends: Uint32Array.from(ends) }
}

/** Does what {@link encodeAll} does, from runs of the label map. */
export const encodeRuns = (
  pixels: PixelRuns,
  width: number,
  height: number,
  count: number
): ReadonlyArray<Counts | undefined> => {
  const runs: Array<Array<number> | undefined> = Array.from({ length: count + 1 }, () => undefined)
  const ends = new Float64Array(count + 1)
  const total = width * height
  const { places, values } = byColumn(changesDown(pixels, width, total), width, height)
  let [current, start] = [0, 0]
  for (let index = 0; index <= places.length; index++) {
    const [at, value] = index === places.length ? [total, 0] : [places[index]!, values[index]!]
    if (value === current) continue
    if (current !== 0 && current <= count) {
      const found = runs[current] ??= []
      found.push(start - ends[current]!, at - start)
      ends[current] = at
    }
    current = value
    start = at
  }
  runs.forEach((found, value) => {
    if (found !== undefined && ends[value]! < total) found.push(total - ends[value]!)
  })
  return runs
}

/** Some pixels: their places, and their values. */
interface Places {
  readonly places: Uint32Array
  readonly values: Uint16Array
}

/** The pixels that have another value than the one above them, row by row. Those of the first row have none above. */
const changesDown = ({ ends, values }: PixelRuns, width: number, total: number): Places => {
  let [size, found] = [0, { places: new Uint32Array(8192), values: new Uint16Array(8192) }]
  const add = (from: number, end: number, value: number) => {
    const needed = size + end - from
    if (needed > found.places.length) {
      const more = { places: new Uint32Array(needed * 2), values: new Uint16Array(needed * 2) }
      more.places.set(found.places)
      more.values.set(found.values)
      found = more
    }
    for (let at = from; at < end; at++, size++) {
      found.places[size] = at
      found.values[size] = value
    }
  }
  let index = 0
  for (let at = 0; at < width; index++) {
    const end = Math.min(width, ends[index]!)
    add(at, end, values[index]!)
    at = end
    if (ends[index]! > width) break
  }
  // The runs of a row, and those of the row above it, side by side.
  for (let at = width, above = 0; at < total;) {
    const end = Math.min(ends[index]!, ends[above]! + width)
    if (values[index] !== values[above]) add(at, end, values[index]!)
    if (ends[index] === end) index++
    if (ends[above]! + width === end) above++
    at = end
  }
  return { places: found.places.subarray(0, size), values: found.values.subarray(0, size) }
}

/** Sorts the pixels by column, and counts their places column by column. */
const byColumn = ({ places, values }: Places, width: number, height: number): Places => {
  const sorted = { places: new Uint32Array(places.length), values: new Uint16Array(places.length) }
  // Where the next pixel of each column goes. They stay in the order of rows.
  const next = new Uint32Array(width + 1)
  for (const at of places) next[at % width + 1]!++
  for (let x = 1; x <= width; x++) next[x]! += next[x - 1]!
  places.forEach((at, index) => {
    const x = at % width
    const to = next[x]!++
    sorted.places[to] = x * height + (at - x) / width
    sorted.values[to] = values[index]!
  })
  return sorted
}

/** Sets the pixels of runs to a value, in values row by row. */
export const paint = (
  counts: Counts,
  values: Uint8Array | Uint16Array,
  width: number,
  height: number,
  value: number
): void => {
  let start = 0
  counts.forEach((count, index) => {
    const end = start + count
    if (index % 2 === 1) {
      for (let at = start; at < end; at++) values[(at % height) * width + Math.floor(at / height)] = value
    }
    start = end
  })
}

/** The mask of runs: 1 inside, row by row. */
export const decode = (counts: Counts, width: number, height: number): Uint8Array => {
  const mask = new Uint8Array(width * height)
  paint(counts, mask, width, height, 1)
  return mask
}

/** Pixels inside. */
export const area = (counts: Counts): number => {
  let sum = 0
  for (let i = 1; i < counts.length; i += 2) sum += counts[i]!
  return sum
}

/** The extent of the pixels inside: left, top, width, height; all 0 without any. */
export const box = (
  counts: Counts,
  height: number
): readonly [x: number, y: number, width: number, height: number] => {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -1, -1]
  let at = 0
  counts.forEach((count, index) => {
    const end = at + count
    if (index % 2 === 1 && count > 0) {
      const [first, last] = [Math.floor(at / height), Math.floor((end - 1) / height)]
      x0 = Math.min(x0, first)
      x1 = Math.max(x1, last)
      // A run that continues in the next column touches bottom and top.
      y0 = Math.min(y0, first === last ? at % height : 0)
      y1 = Math.max(y1, first === last ? (end - 1) % height : height - 1)
    }
    at = end
  })
  return x1 < 0 ? [0, 0, 0, 0] : [x0, y0, x1 - x0 + 1, y1 - y0 + 1]
}

/** The compressed form: from the third run on differences to the run before the last, in characters of 5 bits. */
export const toText = (counts: Counts): string => {
  const units: Array<number> = []
  let text = ""
  for (let i = 0; i < counts.length; i++) {
    let rest = i > 2 ? counts[i]! - counts[i - 2]! : counts[i]!
    for (let more = true; more;) {
      const unit = rest & 31
      rest >>= 5
      more = unit & 16 ? rest !== -1 : rest !== 0
      units.push((more ? unit | 32 : unit) + 48)
    }
    if (units.length >= 8192) text += String.fromCharCode(...units.splice(0))
  }
  return text + String.fromCharCode(...units)
}

/** The runs of a compressed form. Text that is none gives runs that do not sum to the number of pixels. */
export const fromText = (text: string): Counts => {
  const counts: Array<number> = []
  for (let at = 0; at < text.length;) {
    let value = 0
    let shift = 0
    for (let more = true; more && at < text.length; at++) {
      const unit = text.charCodeAt(at) - 48
      value |= (unit & 31) << shift
      more = (unit & 32) !== 0
      shift += 5
      if (!more && unit & 16 && shift < 32) value |= -1 << shift
    }
    counts.push(counts.length > 2 ? value + counts[counts.length - 2]! : value)
  }
  return counts
}
