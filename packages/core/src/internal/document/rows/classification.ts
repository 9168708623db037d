/**
 * The class of an image as a whole. Documented in callbacks of older versions: `{ category }`. Guessed: the only annotation
 * is a rectangle called `image` with corners exactly 0 and 1, whose attributes say what there is to say.
 */
import { isObject } from "../json.ts"
import { alone, expectObject, type RowWriter } from "./rowWriter.ts"

/** Whether an annotation is the rectangle that stands for the whole image. Other full rectangles stay rectangles. */
export const isWholeImage = (element: unknown): boolean => {
  if (!isObject(element) || element["label"] !== "image") return false
  const corners = element["coordinates"]
  return Array.isArray(corners) && corners.length === 4 && corners.every((corner) => isObject(corner)) &&
    corners.every(({ x, y }) => (x === 0 || x === 1) && (y === 0 || y === 1)) &&
    new Set(corners.map(({ x, y }) => (x === 0 ? 0 : 1) + (y === 0 ? 0 : 2))).size === 4
}

/** Decodes the rectangle that stands for the whole image. */
export const wholeImage = (element: unknown, path: string, out: RowWriter): void => {
  if (expectObject(element, path, out)) out.annotation(element, path, "classification", "[]", false, alone)
}
