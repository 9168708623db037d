/** Undoes the filters of PNG rows. */
import { DatasetError } from "../DatasetError.ts"

/** The pixels of filtered rows, each of which starts with the number of its filter. */
export const unfilter = (raw: Uint8Array, width: number, height: number, channels: number): Uint8Array => {
  const length = width * channels
  const data = new Uint8Array(length * height)
  for (let y = 0; y < height; y++) {
    const from = y * (length + 1) + 1
    const row = data.subarray(y * length, (y + 1) * length)
    const above = y === 0 ? new Uint8Array(length) : data.subarray((y - 1) * length, y * length)
    row.set(raw.subarray(from, from + length))
    undo(raw[from - 1]!, row, above, channels)
  }
  return data
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
