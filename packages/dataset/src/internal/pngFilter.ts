/** Undoes the filters of PNG rows. */
import { DatasetError } from "../DatasetError.ts"

/**
 * Gets a row of pixels, which is overwritten by the next but one, and begins where a word does. `ends` says where each run of
 * equal pixels ends, up to the one that ends the row; undefined where this is not known.
 */
export type EachRow = (row: Uint8Array, y: number, ends: Uint32Array | undefined) => void

/** Undoes the filters of rows, each of which starts with the number of its filter. */
export const unfilter = (raw: Uint8Array, width: number, height: number, channels: number, each: EachRow): void => {
  const length = width * channels
  let [row, above] = [new Uint8Array(length), new Uint8Array(length)]
  // Rows of four channels are whole words: four bytes are added at once.
  const wordsIn = (bytes: Uint8Array) => channels === 4 ? new Int32Array(bytes.buffer) : undefined
  let [words, wordsAbove] = [wordsIn(row), wordsIn(above)]
  const ends = new Uint32Array(width)
  for (let y = 0; y < height; y++) {
    const from = y * (length + 1) + 1
    const filter = raw[from - 1]!
    row.set(raw.subarray(from, from + length))
    if (words !== undefined && filter === 1) {
      addLeft(words, ends)
      each(row, y, ends)
    } else {
      if (words !== undefined && filter === 2) addAbove(words, wordsAbove!)
      else undo(filter, row, above, channels)
      each(row, y, undefined)
    }
    ;[row, above, words, wordsAbove] = [above, row, wordsAbove, words]
  }
}

/** Adds words byte by byte: the highest bits are added without a carry. */
const sum = (a: number, b: number): number => ((a & 0x7f7f7f7f) + (b & 0x7f7f7f7f)) ^ ((a ^ b) & 0x80808080)

/** Adds to each word the one before it. Where zeros are added, a run of equal words goes on: most words are skipped here. */
const addLeft = (words: Int32Array, ends: Uint32Array): void => {
  const { length } = words
  for (let at = 0, left = 0, runs = 0; at < length; runs++) {
    left = sum(words[at]!, left)
    let end = at + 1
    while (end + 3 < length && (words[end]! | words[end + 1]! | words[end + 2]! | words[end + 3]!) === 0) end += 4
    while (end < length && words[end] === 0) end++
    ends[runs] = end
    // A call takes as long as some words do.
    if (end - at > 16) words.fill(left, at, end)
    else for (let next = at; next < end; next++) words[next] = left
    at = end
  }
}

const addAbove = (words: Int32Array, above: Int32Array): void => {
  for (let at = 0; at < words.length; at++) {
    const added = words[at]!
    words[at] = added === 0 ? above[at]! : sum(added, above[at]!)
  }
}

const undo = (filter: number, row: Uint8Array, above: Uint8Array, channels: number): void => {
  const { length } = row
  switch (filter) {
    case 0:
      return
    case 1:
      for (let i = channels; i < length; i++) row[i] = row[i]! + row[i - channels]!
      return
    case 2:
      for (let i = 0; i < length; i++) row[i] = row[i]! + above[i]!
      return
    case 3:
      for (let i = 0; i < channels; i++) row[i] = row[i]! + (above[i]! >> 1)
      for (let i = channels; i < length; i++) row[i] = row[i]! + ((row[i - channels]! + above[i]!) >> 1)
      return
    case 4:
      for (let i = 0; i < channels; i++) row[i] = row[i]! + above[i]!
      for (let i = channels; i < length; i++) {
        row[i] = row[i]! + nearest(row[i - channels]!, above[i]!, above[i - channels]!)
      }
      return
    default:
      throw new DatasetError({ reason: "content", detail: `the PNG is damaged: there is no filter ${filter}` })
  }
}

/** Whichever of left, above, and above left is nearest to left + above - above left. */
const nearest = (left: number, above: number, corner: number): number => {
  const [byLeft, byAbove] = [Math.abs(above - corner), Math.abs(left - corner)]
  const byCorner = Math.abs(left + above - 2 * corner)
  return byLeft <= byAbove && byLeft <= byCorner ? left : byAbove <= byCorner ? above : corner
}
