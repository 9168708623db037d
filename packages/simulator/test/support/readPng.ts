/** Reads PNG images: 8 bits a channel, RGB or RGBA, no interlacing. Checks every checksum. */
import { strictEqual } from "@effect/vitest/utils"
import { crc32, inflateSync } from "node:zlib"

export interface Pixels {
  readonly width: number
  readonly height: number
  readonly channels: 3 | 4
  readonly data: Uint8Array
}

/** Adds to each byte the one that its filter took away: the left or the upper neighbor. */
const unfilter = (filter: number | undefined, row: Uint8Array, before: Uint8Array, channels: number): void => {
  switch (filter) {
    case 0:
      return
    case 1:
      for (let x = channels; x < row.length; x++) row[x] = (row[x] as number) + (row[x - channels] as number)
      return
    case 2:
      for (let x = 0; x < row.length; x++) row[x] = (row[x] as number) + (before[x] as number)
      return
    default:
      throw new Error(`this reader knows no filter ${filter}`)
  }
}

export const readPng = (bytes: Uint8Array): Pixels => {
  const png = Buffer.from(bytes)
  strictEqual(png.subarray(0, 8).toString("hex"), "89504e470d0a1a0a")
  const parts: Array<Buffer> = []
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at)
    strictEqual(crc32(png.subarray(at + 4, at + 8 + length)), png.readUInt32BE(at + 8 + length))
    if (png.toString("latin1", at + 4, at + 8) === "IDAT") parts.push(png.subarray(at + 8, at + 8 + length))
    at += length + 12
  }
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  strictEqual(png[24], 8)
  const channels = png[25] === 6 ? 4 : 3
  const raw = inflateSync(Buffer.concat(parts))
  const line = width * channels
  strictEqual(raw.length, (line + 1) * height)
  const data = new Uint8Array(line * height)
  let before = new Uint8Array(line)
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * line, (y + 1) * line)
    row.set(raw.subarray(y * (line + 1) + 1, (y + 1) * (line + 1)))
    unfilter(raw[y * (line + 1)], row, before, channels)
    before = row
  }
  return { width, height, channels, data }
}

/** The color of a pixel, `#rrggbb`, or `#rrggbbaa` with 4 channels. */
export const pixel = ({ channels, data, width }: Pixels, x: number, y: number): string =>
  `#${Buffer.from(data.subarray((y * width + x) * channels, (y * width + x + 1) * channels)).toString("hex")}`
