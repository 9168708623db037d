/**
 * Reads the size of an image with the package image-size. An EXIF orientation of JPEG files swaps width and height, as
 * browsers do. Of formats whose turn is not in what the package reads, such as HEIC, no size is taken rather than a wrong one.
 */
import { ImageHeader, type JobSink, Sizes } from "@labelstream/core"
import * as Layer from "effect/Layer"
import { imageSize } from "image-size"

/** Formats of pixels whose displayed size is in their first bytes. */
const formats: ReadonlySet<string | undefined> = new Set([
  "bmp",
  "gif",
  "j2c",
  "jp2",
  "jpg",
  "png",
  "tiff",
  "bigtiff",
  "webp"
])

/** Returns the size of an image as it is displayed, or undefined if its first bytes do not say it. */
export const sizeOf = (first: Uint8Array): JobSink.Size | undefined => {
  try {
    // The package reads past the end of a view, which belongs to something else.
    const own = first.byteLength === first.buffer.byteLength ? first : new Uint8Array(first)
    const { height, orientation = 1, type, width } = imageSize(own)
    if (!formats.has(type) || !Sizes.isLength(width) || !Sizes.isLength(height)) return undefined
    return orientation >= 5 && orientation <= 8 ? { width: height, height: width } : { width, height }
  } catch {
    return undefined
  }
}

/** Sizes of images for exports and fetched jobs. */
export const layer: Layer.Layer<never> = Layer.succeed(ImageHeader.ImageHeader, sizeOf)
