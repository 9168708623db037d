/** Masks as images of the page. */

/** An image that a page can hold. */
export interface Image {
  readonly width: number
  readonly height: number
  /** The whole file as a `data:` URL. */
  readonly url: string
}

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

/** A small file can name an image that takes gigabytes once it is decoded. */
const pixelLimit = 16_000_000

const base64 = (bytes: Uint8Array): string => {
  let text = ""
  for (let at = 0; at < bytes.length; at += 8190) text += btoa(String.fromCharCode(...bytes.subarray(at, at + 8190)))
  return text
}

/** A PNG as an image; undefined for anything else, and for one of too many pixels. */
export const imageOf = (bytes: Uint8Array): Image | undefined => {
  if (bytes.length < 33 || signature.some((byte, at) => bytes[at] !== byte)) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [width, height] = [view.getUint32(16), view.getUint32(20)]
  if (view.getUint32(12) !== 0x49484452 || width === 0 || height === 0 || width * height > pixelLimit) return undefined
  return { width, height, url: `data:image/png;base64,${base64(bytes)}` }
}
