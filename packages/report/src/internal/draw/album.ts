/** The stored images of a page, as many as there is room for. */
import type { SketchFile, SketchInput } from "../gather/summaryModel.ts"
import { type Picture, pictureOf } from "./picture.ts"

/** Bytes of masks in the whole page, and of images below annotations, before base64 makes them a third longer. */
const maskRoom = 2 * 1024 * 1024
const inputRoom = 8 * 1024 * 1024

/** Takes images in the order in which they are drawn. */
export class Album {
  /** Stored images below annotations that are not shown. */
  notShown = 0
  private masks = maskRoom
  private inputs = inputRoom

  /** Undefined if the mask is not shown. */
  mask({ bytes }: SketchFile): Picture | undefined {
    const picture = bytes === null || bytes.length > this.masks ? undefined : pictureOf(bytes)
    if (picture !== undefined) this.masks -= bytes?.length ?? 0
    return picture
  }

  /** Undefined if the image is not stored, or is not shown. */
  input({ bytes, isStored }: SketchInput): Picture | undefined {
    const picture = bytes === null || bytes.length > this.inputs ? undefined : pictureOf(bytes)
    if (picture !== undefined) this.inputs -= bytes?.length ?? 0
    else if (isStored) this.notShown++
    return picture
  }
}
