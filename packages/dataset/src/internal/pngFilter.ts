/** Undoes the filters of PNG rows. */
import { DatasetError } from "../DatasetError.ts"

/**
 * Undoes the filters of rows, each of which starts with the number of its filter. Each row of pixels is overwritten by the
 * next but one, and begins where a word does.
 */
export const unfilter = (
  raw: Uint8Array,
  width: number,
  height: number,
  channels: number,
  each: (row: Uint8Array, y: number) => void
): void => {
  const length = width * channels
  let [row, above] = [new Uint8Array(length), new Uint8Array(length)]
  // Rows of four channels are whole words: four bytes are added at once.
  const wordsIn = (bytes: Uint8Array) => channels === 4 ? new Int32Array(bytes.buffer) : undefined
  let [words, wordsAbove] = [wordsIn(row), wordsIn(above)]
  for (let y = 0; y < height; y++) {
    const from = y * (length + 1) + 1
    const filter = raw[from - 1]!
    row.set(raw.subarray(from, from + length))
    if (words !== undefined && filter === 1) addLeft(words)
    else if (words !== undefined && filter === 2) addAbove(words, wordsAbove!)
    else undo(filter, row, above, channels)
    each(row, y)
    ;[row, above, words, wordsAbove] = [above, row, wordsAbove, words]
  }
}

/** Adds words byte by byte: the highest bits are added without a carry. */
const sum = (a: number, b: number): number => ((a & 0x7f7f7f7f) + (b & 0x7f7f7f7f)) ^ ((a ^ b) & 0x80808080)

const addLeft = (words: Int32Array): void => {
  let left = words[0]!
  for (let at = 1; at < words.length; at++) {
    const added = words[at]!
    if (added !== 0) left = sum(added, left)
    words[at] = left
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
