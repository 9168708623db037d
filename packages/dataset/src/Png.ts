/**
 * Reads and writes PNG pictures of the kinds that masks are: reads RGB and RGBA of 8 bits, writes gray of 8 and 16
 * bits, palettes, and numbers as RGB.
 * By `node:zlib` and no other code, which for masks is faster than a general decoder.
 */
import { crc32, deflateSync, inflateSync } from "node:zlib"
import { DatasetError } from "./DatasetError.ts"
import { free } from "./internal/free.ts"
import { type EachRow, unfilter } from "./internal/pngFilter.ts"

/** Pixels row by row, `channels` bytes each: red, green, blue, and alpha where there are 4. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly channels: 3 | 4
  readonly data: Uint8Array
}

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)

/** Most pixels of a picture: as much as 16,384 x 16,384. Above it, a damaged header is more likely than a mask. */
const maxPixels = 2 ** 28

const kinds: Readonly<Record<number, string>> = { 0: "gray", 2: "RGB", 3: "palette", 4: "gray with alpha", 6: "RGBA" }

const failure = (detail: string, cause?: unknown) =>
  new DatasetError({ reason: "content", detail, ...cause === undefined ? {} : { cause } })

/** Decodes a picture. Throws a `DatasetError` that names the kind of picture if it is another one, or what is damaged. */
export const decode = (bytes: Uint8Array): Picture => {
  let data = new Uint8Array()
  const about = forEachRow(bytes, ({ channels, height, width }) => {
    data = new Uint8Array(width * height * channels)
    return (row, y) => data.set(row, y * row.length)
  })
  return { ...about, data }
}

/** The properties of a picture, without its pixels. */
export type About = Omit<Picture, "data">

/**
 * Decodes a picture row by row, without holding its pixels. `begin` returns the function to call with each row. Throws as
 * `decode` does.
 */
export const forEachRow = (bytes: Uint8Array, begin: (about: About) => EachRow): About => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!signature.every((byte, index) => buffer[index] === byte)) throw failure("the picture is no PNG")
  const data: Array<Uint8Array> = []
  let header: About | undefined
  for (let at = 8; at + 12 <= buffer.length;) {
    const length = buffer.readUInt32BE(at)
    const type = buffer.toString("latin1", at + 4, at + 8)
    const body = buffer.subarray(at + 8, at + 8 + length)
    if (at + length + 12 > buffer.length) break
    if (type === "IHDR") header = readHeader(body)
    else if (type === "IDAT") data.push(body)
    else if (type === "IEND") break
    at += length + 12
  }
  if (header === undefined || data.length === 0) throw failure("the PNG is not complete")
  const { channels, height, width } = header
  const size = (width * channels + 1) * height
  const raw = inflated(data, size)
  try {
    if (raw.length < size) throw failure("the PNG is not complete")
    unfilter(raw, width, height, channels, begin(header))
  } finally {
    free(raw)
  }
  return header
}

const inflated = (data: ReadonlyArray<Uint8Array>, size: number): Uint8Array => {
  try {
    // One piece for all of it, since several would be copied together; and some more, for the check of the sum at the end.
    const chunkSize = size + 64
    return inflateSync(data.length === 1 ? data[0]! : Buffer.concat(data), { maxOutputLength: size, chunkSize })
  } catch (cause) {
    throw failure("the PNG is damaged", cause)
  }
}

const readHeader = (header: Buffer): About => {
  if (header.length !== 13) throw failure("the PNG is damaged: its header is not 13 bytes long")
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  const [depth, color, , , interlaced] = header.subarray(8) as unknown as [number, number, number, number, number]
  if (width === 0 || height === 0 || width * height > maxPixels) {
    throw failure(`the PNG says that it has ${width} x ${height} pixels: at most ${maxPixels} pixels can be read`)
  }
  if (depth !== 8 || (color !== 2 && color !== 6) || interlaced !== 0) {
    const kind = `${depth}-bit ${kinds[color] ?? `color type ${color}`}${interlaced === 0 ? "" : ", interlaced"}`
    throw failure(`the PNG is ${kind}: masks can be read as 8-bit RGB or RGBA, not interlaced`)
  }
  return { width, height, channels: color === 2 ? 3 : 4 }
}

const chunk = (type: string, data: Uint8Array): Uint8Array => {
  const out = Buffer.alloc(data.length + 12)
  out.writeUInt32BE(data.length, 0)
  out.write(type, 4, "latin1")
  out.set(data, 8)
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length)
  return out
}

/** Encodes values row by row as a gray picture of 8 bits, if `depth` says so and all are below 256, or of 16 bits. */
export const encodeGray = (values: ArrayLike<number>, width: number, height: number, depth: 8 | 16): Uint8Array =>
  encode(values, width, height, { color: 0, depth, shifts: depth === 8 ? [0] : [8, 0] })

/** Encodes numbers below 2^24 row by row as an RGB picture: red is the lowest 8 bits, blue the highest. */
export const encodeNumbers = (values: ArrayLike<number>, width: number, height: number): Uint8Array =>
  encode(values, width, height, { color: 2, depth: 8, shifts: [0, 8, 16] })

/** Encodes places in a palette of at most 256 colors (three bytes each) row by row. */
export const encodePalette = (
  values: ArrayLike<number>,
  width: number,
  height: number,
  palette: Uint8Array
): Uint8Array => encode(values, width, height, { color: 3, depth: 8, shifts: [0], palette })

/** How values become bytes: each shift gives one byte of a value. */
interface Layout {
  readonly color: 0 | 2 | 3
  readonly depth: 8 | 16
  readonly shifts: readonly [number, ...ReadonlyArray<number>]
  readonly palette?: Uint8Array
}

const encode = (
  values: ArrayLike<number>,
  width: number,
  height: number,
  { color, depth, palette, shifts }: Layout
): Uint8Array => {
  const raw = Buffer.alloc((width * shifts.length + 1) * height)
  const [first, ...rest] = shifts
  for (let y = 0, at = 0, from = 0; y < height; y++) {
    // Each row as its difference from the one above, which in masks is mostly zero.
    raw[at++] = y === 0 ? 0 : 2
    for (let x = 0; x < width; x++, from++) {
      const value = values[from]!
      const above = y === 0 ? 0 : values[from - width]!
      raw[at++] = (value >> first) - (above >> first)
      for (const shift of rest) raw[at++] = (value >> shift) - (above >> shift)
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = depth
  header[9] = color
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    ...palette === undefined ? [] : [chunk("PLTE", palette)],
    chunk("IDAT", deflateSync(raw, { level: 4 })),
    chunk("IEND", new Uint8Array(0))
  ])
}
