/** Writes PNG files of any kind, broken ones too: every filter as the specification says it. */
import { crc32, deflateSync } from "node:zlib"

export interface Picture {
  readonly width: number
  readonly height: number
  readonly channels: 3 | 4
  readonly data: Uint8Array
  /** The filter of each row, in turn. */
  readonly filters: ReadonlyArray<number>
  /** How many chunks the data is cut into. */
  readonly pieces?: number
  /** The five bytes of the header behind the size. */
  readonly header?: ReadonlyArray<number>
  /** Compressed data to use instead. */
  readonly raw?: Uint8Array
}

const chunk = (type: string, data: Uint8Array): Uint8Array => {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length, 0)
  out.set(body, 4)
  out.writeUInt32BE(crc32(body), body.length + 4)
  return out
}

const predicted = (filter: number, left: number, above: number, corner: number): number => {
  const estimate = left + above - corner
  const order = [left, above, corner]
  const distances = order.map((value) => Math.abs(estimate - value))
  return [0, left, above, (left + above) >> 1, order[distances.indexOf(Math.min(...distances))]!][filter] ?? 0
}

export const encode = (
  { channels, data, filters, header, height, pieces = 1, raw, width }: Picture
): Uint8Array => {
  const length = width * channels
  const rows = Array.from({ length: raw === undefined ? Math.min(height, data.length / length) : 0 }, (_, y) => {
    const filter = filters[y % filters.length]!
    const at = (x: number, row: number) => x < 0 || row < 0 ? 0 : data[row * length + x]!
    const bytes = Array.from(
      { length },
      (_, x) => at(x, y) - predicted(filter, at(x - channels, y), at(x, y - 1), at(x - channels, y - 1))
    )
    return Uint8Array.from([filter, ...bytes])
  })
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set(header ?? [8, channels === 3 ? 2 : 6, 0, 0, 0], 8)
  const packed = raw ?? deflateSync(Buffer.concat(rows))
  const size = Math.ceil(packed.length / pieces)
  const parts = Array.from({ length: pieces }, (_, i) => chunk("IDAT", packed.subarray(i * size, (i + 1) * size)))
  const signature = Buffer.from("89504e470d0a1a0a", "hex")
  return Buffer.concat([signature, chunk("IHDR", head), ...parts, chunk("IEND", new Uint8Array(0))])
}
