/**
 * Video segmentation (partly documented): `annotations` lists one segment in one frame each, with `frame_id` and
 * `track_id`. Guessed: `label`, and a color `legend` next to the list, which gives segments their color.
 */
import { isObject } from "../json.ts"
import { normalColor } from "./label.ts"
import { alone, expectObject, type RowWriter } from "./rowWriter.ts"
import { typeNamed, writeShape } from "./shapes.ts"
import { isTracker, tracker } from "./videoAnnotation.ts"

const segment = () => "segment" as const

/** The color of each name in a legend; the first of two colors of one name. */
export const colorsByName = (legend: unknown): ReadonlyMap<string, string> | undefined => {
  if (!isObject(legend)) return undefined
  const colors = new Map<string, string>()
  for (const key of Object.keys(legend)) {
    const name = legend[key]
    const color = normalColor(key)
    if (typeof name === "string" && color !== null && !colors.has(name)) colors.set(name, color)
  }
  return colors
}

/** Decodes one element of a segmented video's, or a segmented cloud's, `annotations`. */
export const listedSegment =
  (legend: ReadonlyMap<string, string> | undefined) => (element: unknown, path: string, out: RowWriter): void => {
    if (!expectObject(element, path, out)) return
    if (isTracker(element)) return tracker(element, path, out, segment, legend)
    writeShape(element, path, typeNamed(element["type"]) ?? "segment", alone, out, legend)
  }
