/**
 * What to decode in a document of a known kind, in order: the one description that small and large documents share.
 */
import type { Found } from "./detect.ts"
import { escapePointer, isObject, type JsonObject } from "./json.ts"
import { wholeImage } from "./rows/classification.ts"
import { imageAnnotation, imageListType } from "./rows/imageAnnotation.ts"
import { colorEntry } from "./rows/imageSegmentation.ts"
import { pointCloudAnnotation } from "./rows/pointCloudAnnotation.ts"
import { keyedEntry } from "./rows/pointCloudSegmentation.ts"
import type { RowWriter } from "./rows/rowWriter.ts"
import { videoAnnotation } from "./rows/videoAnnotation.ts"
import { colorsByName, listedSegment } from "./rows/videoSegmentation.ts"
import type { Lists } from "./scan/mentions.ts"

/** Decodes one element of a list and writes its rows or problems. Never throws. */
export type Decode = (element: unknown, path: string, out: RowWriter) => void

/** One step of decoding a document. */
export type Step =
  | { readonly kind: "list"; readonly list: ReadonlyArray<unknown>; readonly path: string; readonly decode: Decode }
  | {
    readonly kind: "legend"
    readonly legend: JsonObject
    readonly colors: ReadonlyArray<string>
    readonly path: string
  }
  | { readonly kind: "category"; readonly label: string; readonly path: string }
  | { readonly kind: "problem"; readonly path: string; readonly reason: string }
  | { readonly kind: "unknown" }

/** Rows are handed on in arrays of about this many. */
export const rowsAtOnce = 1000

/** The steps of a document, in the order of its rows. */
export const planOf = ({ body, path, type }: Found, lists: Lists): ReadonlyArray<Step> => {
  if (type === "unknown") return [{ kind: "unknown" }]
  if (type === "image_segmentation") return legendSteps(body["legend"], `${path}/legend`)
  if (type === "image_classification") return classSteps(body, path)
  if (type === "image_annotation") return shapeSteps(body["annotations"] as JsonObject, `${path}/annotations`)
  const inner = isObject(body["annotation_data"]) ? body["annotation_data"] : {}
  const annotations = inner["annotations"]
  const at = `${path}/annotation_data/annotations`
  if (type === "video_annotation") return listSteps(annotations, at, videoAnnotation)
  if (type === "point_cloud_annotation") return listSteps(annotations, at, pointCloudAnnotation)
  const [legend, legendPath] = inner["legend"] === undefined || inner["legend"] === null
    ? [body["legend"], `${path}/legend`]
    : [inner["legend"], `${path}/annotation_data/legend`]
  // A legend next to a list of segments only colors them; rows of both would count each segment twice.
  return annotations === undefined || annotations === null || Array.isArray(annotations) && isEmpty(annotations, lists)
    ? legendSteps(legend, legendPath)
    : listSteps(annotations, at, listedSegment(colorsByName(legend)))
}

const classSteps = ({ annotations, category }: JsonObject, path: string): ReadonlyArray<Step> =>
  isObject(annotations) && Array.isArray(annotations["rectangles"])
    ? listSteps(annotations["rectangles"], `${path}/annotations/rectangles`, wholeImage)
    : [{ kind: "category", label: String(category), path: `${path}/category` }]

const isEmpty = (list: ReadonlyArray<unknown>, lists: Lists) => lists.first(list) === undefined

const listSteps = (list: unknown, path: string, decode: Decode): ReadonlyArray<Step> => {
  if (Array.isArray(list)) return [{ kind: "list", list, path, decode }]
  return list === undefined || list === null ? [] : [{ kind: "problem", path, reason: "expected a list" }]
}

const shapeSteps = (annotations: JsonObject, path: string): ReadonlyArray<Step> => {
  const steps: Array<Step> = []
  for (const name of Object.keys(annotations)) {
    const decode = imageAnnotation(imageListType(name))
    for (const step of listSteps(annotations[name], `${path}/${escapePointer(name)}`, decode)) steps.push(step)
  }
  return steps
}

const legendSteps = (legend: unknown, path: string): ReadonlyArray<Step> =>
  isObject(legend)
    ? [{ kind: "legend", legend, colors: Object.keys(legend), path }]
    : listSteps(legend, path, keyedEntry)

/**
 * Runs a step over values in memory, from its element of that number on, and stops as soon as {@link rowsAtOnce} wait in
 * the writer. Returns with which element to continue, undefined when none is left.
 */
export const runStep = (step: Step, from: number, out: RowWriter): number | undefined => {
  switch (step.kind) {
    case "list": {
      const { decode, list, path } = step
      for (let i = from; i < list.length; i++) {
        if (out.waiting >= rowsAtOnce) return i
        decode(list[i], `${path}/${i}`, out)
      }
      return undefined
    }
    case "legend": {
      const { colors, legend, path } = step
      for (let i = from; i < colors.length; i++) {
        if (out.waiting >= rowsAtOnce) return i
        const color = colors[i]!
        colorEntry(color, legend[color], `${path}/${escapePointer(color)}`, out)
      }
      return undefined
    }
    case "category":
      out.category(step.label, step.path)
      return undefined
    case "problem":
      out.problem(step.path, step.reason)
      return undefined
    case "unknown":
      out.unknown("")
      return undefined
  }
}
