/**
 * Stored images as images of the page: what their first bytes say, and the whole of them as a URL. What a file is, its
 * bytes alone decide: no name and no media type of a server is believed.
 */
import type { JobSink } from "@labelstream/core"
import { Html } from "../html.ts"

/** What the first bytes of an image say. */
export interface Header extends JobSink.Size {
  readonly mediaType: "image/png" | "image/jpeg" | "image/webp"
}

/** An image that a page can hold; its size is the one that browsers show it in. */
export interface Picture extends JobSink.Size {
  /** The whole file as a `data:` URL. */
  readonly url: Html
}

/** A small file can name an image that takes gigabytes once it is decoded. */
const pixelLimit = 16_000_000

/** Reads the header of a PNG, JPEG or WebP file; undefined for anything else. The first 64 KiB are mostly enough. */
export const headerOf = (bytes: Uint8Array): Header | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    const header = png(view) ?? jpeg(view) ?? webp(view)
    return header === undefined || header.width === 0 || header.height === 0 ? undefined : header
  } catch {
    // A header that ends too early.
    return undefined
  }
}

/** A file as an image; undefined for what no browser shows, and for one of too many pixels. */
export const pictureOf = (bytes: Uint8Array): Picture | undefined => {
  const header = headerOf(bytes)
  if (header === undefined || header.width * header.height > pixelLimit) return undefined
  const { height, mediaType, width } = header
  // Base64 has no sign to escape, and is too long to be searched for links.
  return { width, height, url: new Html(`data:${mediaType};base64,${base64(bytes)}`) }
}

const base64 = (bytes: Uint8Array): string => {
  let text = ""
  for (let at = 0; at < bytes.length; at += 8190) text += btoa(String.fromCharCode(...bytes.subarray(at, at + 8190)))
  return text
}

const textAt = (view: DataView, at: number): string =>
  String.fromCharCode(...Array.from({ length: 4 }, (_, i) => view.getUint8(at + i)))

const png = (view: DataView): Header | undefined =>
  view.getUint32(0) === 0x89504e47 && view.getUint32(4) === 0x0d0a1a0a && textAt(view, 12) === "IHDR"
    ? { mediaType: "image/png", width: view.getUint32(16), height: view.getUint32(20) }
    : undefined

/** Markers that begin a frame, which says the size: of C0 to CF, three mean something else. */
const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)

const jpeg = (view: DataView): Header | undefined => {
  if (view.getUint16(0) !== 0xffd8) return undefined
  let orientation: number | undefined
  for (let at = 2; view.getUint8(at) === 0xff;) {
    const marker = view.getUint8(at + 1)
    if (marker === 0xff) {
      at++
      continue
    }
    if (isFrame(marker)) {
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)]
      const isTurned = orientation !== undefined && orientation >= 5 && orientation <= 8
      return { mediaType: "image/jpeg", ...(isTurned ? { width: height, height: width } : { width, height }) }
    }
    if (marker === 0xe1) orientation ??= orientationOf(view, at + 4)
    at += 2 + view.getUint16(at + 2)
  }
  return undefined
}

/** The EXIF orientation of a block at this place, undefined if it has none. */
const orientationOf = (view: DataView, start: number): number | undefined => {
  try {
    if (textAt(view, start) !== "Exif") return undefined
    const tiff = start + 6
    const isLittle = view.getUint16(tiff) === 0x4949
    const list = tiff + view.getUint32(tiff + 4, isLittle)
    const count = view.getUint16(list, isLittle)
    for (let entry = list + 2; entry < list + 2 + 12 * count; entry += 12) {
      if (view.getUint16(entry, isLittle) === 0x0112) return view.getUint16(entry + 8, isLittle)
    }
    return undefined
  } catch {
    return undefined
  }
}

const webp = (view: DataView): Header | undefined => {
  if (textAt(view, 0) !== "RIFF" || textAt(view, 8) !== "WEBP") return undefined
  const mediaType = "image/webp"
  switch (textAt(view, 12)) {
    case "VP8 ":
      return { mediaType, width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff }
    case "VP8L": {
      const bits = view.getUint32(21, true)
      return { mediaType, width: (bits & 0x3fff) + 1, height: (bits >>> 14 & 0x3fff) + 1 }
    }
    case "VP8X":
      return {
        mediaType,
        width: (view.getUint32(24, true) & 0xffffff) + 1,
        height: (view.getUint32(26, true) >>> 8) + 1
      }
    default:
      return undefined
  }
}
