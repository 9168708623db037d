/**
 * Detects the kind of a result document by its shape, because the platform puts no discriminator into results. The
 * order of the checks follows the documented shapes; later checks are guesses.
 */
import type { ResultType } from "../../AnnotationModel.ts"
import { isContainer, isObject, type JsonObject, nearest } from "./json.ts"
import { isWholeImage } from "./rows/classification.ts"
import { imageLists } from "./rows/imageAnnotation.ts"
import { isSpatial, typeNamed } from "./rows/shapes.ts"
import { isTracker } from "./rows/videoAnnotation.ts"
import { type Lists, mentionsIn } from "./scan/mentions.ts"

/** What was recognized in a document. */
export interface Found {
  readonly type: ResultType
  /** Whether the body is under `data`. */
  readonly wrapped: boolean
  readonly body: JsonObject
  /** JSON pointer of the body: `/data` or `""`. */
  readonly path: string
}

/** Looks under `data` first, then at the top. */
export const detect = (document: unknown, lists: Lists): Found => {
  if (!isObject(document)) return { type: "unknown", wrapped: false, body: {}, path: "" }
  const data = document["data"]
  if (isObject(data)) {
    const type = typeOf(data, lists)
    if (type !== "unknown") return { type, wrapped: true, body: data, path: "/data" }
  }
  return { type: typeOf(document, lists), wrapped: false, body: document, path: "" }
}

const typeOf = (body: JsonObject, lists: Lists): ResultType => {
  const inner = body["annotation_data"]
  const legend = body["legend"]
  if (Array.isArray(legend)) return "point_cloud_segmentation"
  if (isObject(legend) && typeof body["url"] === "string" && !isObject(inner)) return "image_segmentation"
  const annotations = body["annotations"]
  if (isObject(annotations) && imageLists.some((name) => isList(annotations[name]))) {
    return isClassified(annotations, lists) ? "image_classification" : "image_annotation"
  }
  if (!isObject(inner)) {
    if (legend === null && typeof body["url"] === "string") return emptyLegend(body["url"])
    const category = body["category"]
    return typeof category === "string" && category !== "" && !Array.isArray(annotations)
      ? "image_classification"
      : "unknown"
  }
  const list = inner["annotations"]
  const first = Array.isArray(list) ? lists.first(list) : undefined
  const masked = hasMasks(body) || hasMasks(inner)
  if (isObject(body["video_data"]) && (!masked || isObject(first) && isTracker(first))) return "video_annotation"
  if (mentionsIn(body, "", lists, false).some(({ origin }) => origin === "labels")) return "point_cloud_segmentation"
  if (isObject(first) && !Number.isNaN(nearest(first["label_key"]))) return "point_cloud_segmentation"
  if (hasClouds(body["sensor_data"], lists)) return "point_cloud_annotation"
  if (masked) return "video_segmentation"
  if (!isObject(first)) return "unknown"
  if (isSpatial(first) || typeNamed(first["type"]) === "box_3d") return "point_cloud_annotation"
  if (isTracker(first)) return "video_annotation"
  return typeof first["track_id"] === "string" && typeof first["frame_id"] === "string" &&
      first["coordinates"] === undefined && first["points"] === undefined
    ? "video_segmentation"
    : "unknown"
}

/**
 * Guessed: the only annotation is a rectangle called `image` over all of the picture. A callback of older versions has
 * `{ category }` instead (documented).
 */
const isClassified = (annotations: JsonObject, lists: Lists): boolean => {
  const rectangles = annotations["rectangles"]
  if (!Array.isArray(rectangles) || lists.size(rectangles) !== 1) return false
  return isWholeImage(lists.first(rectangles)) &&
    Object.keys(annotations).every((name) => {
      const list = annotations[name]
      return name === "rectangles" || list === null || Array.isArray(list) && lists.size(list) === 0
    })
}

/** Null stands for an empty list. */
const isList = (value: unknown): boolean => Array.isArray(value) || value === null

/**
 * Detects the kind of a file whose legend is null: only the file's name distinguishes the empty list from the empty
 * object.
 */
const emptyLegend = (url: string): ResultType => isCloud(url) ? "point_cloud_segmentation" : "image_segmentation"

const hasMasks = (object: JsonObject): boolean =>
  isObject(object["legend"]) || typeof object["url"] === "string" || isContainer(object["masks"])

/** Whether the first frame of the input names a point cloud. */
const hasClouds = (sensorData: unknown, lists: Lists): boolean => {
  if (!isObject(sensorData)) return false
  const frames = sensorData["frames"]
  const frame = Array.isArray(frames) ? lists.first(frames) : undefined
  const sensors = isObject(frame) ? frame["sensors"] : undefined
  return Array.isArray(sensors) && sensors.some((sensor) => isObject(sensor) && isCloud(sensor["data_url"]))
}

/** Whether a URL names a point cloud. */
export const isCloud = (url: unknown): boolean =>
  typeof url === "string" && /\.(?:pcd|ply|las|laz|bin)(?:[?#&]|$)/i.test(url.slice(0, 8192))
