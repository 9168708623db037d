/** Reads PNG files of the kinds that formats write, with code of its own: one byte after the other, as it is specified. */
import { inflateSync } from "node:zlib"

export interface Gray {
  readonly width: number
  readonly height: number
  readonly depth: number
  readonly values: ReadonlyArray<number>
}

const read = (png: Uint8Array, expected: number) => {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength)
  const parts: Array<Uint8Array> = []
  let palette = new Uint8Array(0)
  for (let at = 8; at < png.length; at += view.getUint32(at) + 12) {
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8))
    const body = png.slice(at + 8, at + 8 + view.getUint32(at))
    if (type === "IDAT") parts.push(body)
    if (type === "PLTE") palette = body
  }
  const [width, height, depth, color] = [view.getUint32(16), view.getUint32(20), png[24]!, png[25]!]
  if (color !== expected) throw new Error(`color type ${color} is not ${expected}`)
  const bytes = color === 2 ? 3 : depth / 8
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
  return { width, height, depth, bytes, palette, rows }
}

export const readGray = (png: Uint8Array): Gray => {
  const { bytes, depth, height, rows, width } = read(png, 0)
  const values = rows.flatMap((row) =>
    bytes === 1 ? row : Array.from({ length: width }, (_, x) => row[2 * x]! * 256 + row[2 * x + 1]!)
  )
  return { width, height, depth, values }
}

/** A picture with a palette: its values are places in it. */
export const readPalette = (png: Uint8Array): Gray & { readonly palette: Uint8Array } => {
  const { depth, height, palette, rows, width } = read(png, 3)
  return { width, height, depth, palette, values: rows.flat() }
}

/** An RGB picture whose colors are numbers in base 256, the lowest first. */
export const readNumbers = (png: Uint8Array): Gray => {
  const { depth, height, rows, width } = read(png, 2)
  const values = rows.flatMap((row) =>
    Array.from({ length: width }, (_, x) => row[3 * x]! + row[3 * x + 1]! * 256 + row[3 * x + 2]! * 65_536)
  )
  return { width, height, depth, values }
}
