/** Reads gray PNG files, with code of its own: one byte after the other, as the specification says it. */
import { inflateSync } from "node:zlib"

export interface Gray {
  readonly width: number
  readonly height: number
  readonly depth: number
  readonly values: ReadonlyArray<number>
}

export const readGray = (png: Uint8Array): Gray => {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength)
  const parts: Array<Uint8Array> = []
  for (let at = 8; at < png.length; at += view.getUint32(at) + 12) {
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8))
    if (type === "IDAT") parts.push(png.subarray(at + 8, at + 8 + view.getUint32(at)))
  }
  const [width, height, depth, color] = [view.getUint32(16), view.getUint32(20), png[24]!, png[25]!]
  if (color !== 0) throw new Error(`color type ${color} is not gray`)
  const bytes = depth / 8
  const raw = inflateSync(Buffer.concat(parts))
  const rows: Array<Array<number>> = []
  for (let y = 0; y < height; y++) {
    const at = y * (width * bytes + 1)
    const filter = raw[at]!
    if (filter !== 0 && filter !== 2) throw new Error(`filter ${filter} is not expected`)
    const above = rows[y - 1]
    rows.push(
      Array.from(
        raw.subarray(at + 1, at + 1 + width * bytes),
        (byte, i) => filter === 2 ? (byte + above![i]!) & 255 : byte
      )
    )
  }
  const values = rows.flatMap((row) =>
    depth === 8 ? row : Array.from({ length: width }, (_, x) => row[2 * x]! * 256 + row[2 * x + 1]!)
  )
  return { width, height, depth, values }
}
