/** Undoes the filters of PNG rows. */
import { DatasetError } from "../DatasetError.ts"

/** The pixels of filtered rows, each of which starts with the number of its filter. */
export const unfilter = (raw: Uint8Array, width: number, height: number, channels: number): Uint8Array => {
  const length = width * channels
  const data = new Uint8Array(length * height)
  const none = new Uint8Array(length)
  // Rows of four channels are whole words: four bytes are added at once.
  const words = channels === 4 ? new Uint32Array(data.buffer) : undefined
  for (let y = 0; y < height; y++) {
    const from = y * (length + 1) + 1
    const filter = raw[from - 1]!
    data.set(raw.subarray(from, from + length), y * length)
    if (words !== undefined && (filter === 1 || filter === 2)) {
      undoWords(filter, words, y * width, width)
      continue
    }
    const above = y === 0 ? none : data.subarray((y - 1) * length, y * length)
    undo(filter, data.subarray(y * length, (y + 1) * length), above, channels)
  }
  return data
}

/** Undoes a filter that adds the pixel to the left or above, in the row of words that starts at a place. */
const undoWords = (filter: 1 | 2, words: Uint32Array, start: number, width: number): void => {
  const back = filter === 1 ? 1 : width
  for (let at = filter === 1 ? start + 1 : Math.max(start, back), end = start + width; at < end; at++) {
    const added = words[at]!
    const to = words[at - back]!
    // Each byte for itself: the highest bits are added without a carry.
    words[at] = added === 0 ? to : ((added & 0x7f7f7f7f) + (to & 0x7f7f7f7f)) ^ ((added ^ to) & 0x80808080)
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
