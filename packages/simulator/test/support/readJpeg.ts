/** Reads what a JPEG's header says, and turns pixels as a viewer does. */
import { strictEqual } from "@effect/vitest/utils"
import type { Pixels } from "./readPng.ts"

export interface JpegHeader {
  /** As stored. */
  readonly width: number
  readonly height: number
  readonly orientation: number | undefined
}

const readOrientation = (exif: Buffer): number | undefined => {
  if (exif.toString("latin1", 0, 6) !== "Exif\0\0") return undefined
  strictEqual(exif.toString("latin1", 6, 10), "MM\0*")
  const directory = 6 + exif.readUInt32BE(10)
  for (let i = 0; i < exif.readUInt16BE(directory); i++) {
    const at = directory + 2 + i * 12
    if (exif.readUInt16BE(at) === 0x0112) return exif.readUInt16BE(at + 8)
  }
  return undefined
}

export const readJpegHeader = (jpeg: Buffer): JpegHeader => {
  strictEqual(jpeg.readUInt16BE(0), 0xffd8)
  strictEqual(jpeg.readUInt16BE(jpeg.length - 2), 0xffd9)
  let orientation: number | undefined
  for (let at = 2;;) {
    const marker = jpeg.readUInt16BE(at)
    const length = jpeg.readUInt16BE(at + 2)
    if (marker === 0xffe1) orientation = readOrientation(jpeg.subarray(at + 4, at + 2 + length))
    if (marker === 0xffc0) return { width: jpeg.readUInt16BE(at + 7), height: jpeg.readUInt16BE(at + 5), orientation }
    at += 2 + length
  }
}

/** Turns stored pixels for display: a quarter clockwise for 6, the other way for 8. */
export const turned = (stored: Pixels, orientation: number): Pixels => {
  if (orientation === 1) return stored
  const { channels, data, height, width } = stored
  const out = new Uint8Array(data.length)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [toX, toY] = orientation === 6 ? [height - 1 - y, x] : [y, width - 1 - x]
      for (let c = 0; c < channels; c++) {
        out[(toY * height + toX) * channels + c] = data[(y * width + x) * channels + c] as number
      }
    }
  }
  return { width: height, height: width, channels, data: out }
}
