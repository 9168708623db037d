/** The beginnings of image files, up to their size. */

const text = (value: string) => Array.from(value, (character) => character.charCodeAt(0))
const u16 = (value: number) => [value >> 8, value & 255]
const u32 = (value: number) => [...u16(value >>> 16), ...u16(value & 65_535)]
const u24Little = (value: number) => [value & 255, (value >> 8) & 255, value >> 16]

export const png = (width: number, height: number): Uint8Array =>
  Uint8Array.from([
    0x89,
    ...text("PNG\r\n\x1a\n"),
    ...u32(13),
    ...text("IHDR"),
    ...u32(width),
    ...u32(height),
    8,
    6,
    0,
    0,
    0,
    ...u32(0)
  ])

/** An APP1 segment with one tag, in either byte order. */
const exif = (orientation: number, isLittle: boolean) => {
  const number = (bytes: ReadonlyArray<number>) => isLittle ? [...bytes].reverse() : bytes
  const tiff = [
    ...text(isLittle ? "II" : "MM"),
    ...number(u16(42)),
    ...number(u32(8)),
    ...number(u16(1)),
    ...number(u16(0x0112)),
    ...number(u16(3)),
    ...number(u32(1)),
    ...number(u16(orientation)),
    0,
    0,
    ...u32(0)
  ]
  return [0xff, 0xe1, ...u16(8 + tiff.length), ...text("Exif\0\0"), ...tiff]
}

export interface JpegOptions {
  readonly orientation?: number
  readonly isLittle?: boolean
  /** Bytes of comments before the size. */
  readonly comment?: number
  readonly isProgressive?: boolean
}

export const jpeg = (width: number, height: number, options: JpegOptions = {}): Uint8Array => {
  const { comment = 0, isLittle = false, isProgressive = false, orientation } = options
  const comments = Array.from({ length: Math.ceil(comment / 60_000) }, () => [
    0xff,
    0xfe,
    ...u16(60_002),
    ...new Uint8Array(60_000)
  ])
  return Uint8Array.from([
    0xff,
    0xd8,
    0xff,
    0xe0,
    ...u16(16),
    ...text("JFIF\0"),
    1,
    1,
    0,
    ...u16(1),
    ...u16(1),
    0,
    0,
    ...(orientation === undefined ? [] : exif(orientation, isLittle)),
    ...comments.flat(),
    0xff,
    isProgressive ? 0xc2 : 0xc0,
    ...u16(17),
    8,
    ...u16(height),
    ...u16(width),
    3,
    ...new Uint8Array(9),
    0xff,
    0xda
  ])
}

const riff = (chunk: string, bytes: ReadonlyArray<number>) =>
  Uint8Array.from([
    ...text("RIFF"),
    ...u32(0),
    ...text("WEBP"),
    ...text(chunk),
    ...u32(0),
    ...bytes,
    ...new Uint8Array(16)
  ])

/** The three forms of WebP. */
export const webp = {
  extended: (width: number, height: number) =>
    riff("VP8X", [0x10, 0, 0, 0, ...u24Little(width - 1), ...u24Little(height - 1)]),
  lossy: (width: number, height: number) =>
    riff("VP8 ", [0, 0, 0, 0x9d, 1, 0x2a, width & 255, width >> 8, height & 255, height >> 8]),
  lossless: (width: number, height: number) => {
    const bits = (width - 1) | ((height - 1) << 14)
    return riff("VP8L", [0x2f, bits & 255, (bits >> 8) & 255, (bits >> 16) & 255, (bits >>> 24) & 255])
  }
}
