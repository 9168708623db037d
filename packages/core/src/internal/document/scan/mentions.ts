/**
 * Lists the files that a document names, in document order. Documented: `url` of image segmentation and of the older
 * point cloud segmentation, a mask per frame of a segmented video, `label_url` per frame in the newer point cloud
 * segmentation, and the inputs: `image_url` and those of frames. The place of masks is guessed: a list or an object by
 * frame, of URLs or objects, next to the annotations or above, or on the annotations themselves.
 */
import type { AttachmentRole, ResultType } from "../../../AnnotationModel.ts"
import { escapePointer, isContainer, isObject, type JsonObject, text } from "../json.ts"
import type { ListKind } from "../layout.ts"
import { type Frame, type FrameInput, isUrl, type Sensor } from "./frames.ts"

/** A URL in a document and its place, which together with the result type says what the file is for. */
export interface Mention {
  readonly origin: "file" | "mask" | "labels" | "segment" | "input"
  readonly url: string
  readonly frameId: string | null
  readonly sensorId: string | null
  readonly path: string
}

/** How the lists of a document are looked into; a large document's lists are not in memory. */
export interface Lists {
  /** The first element, undefined if there is none. */
  readonly first: (list: ReadonlyArray<unknown>) => unknown
  /** How many elements there are. */
  readonly size: (list: ReadonlyArray<unknown>) => number
  /** The files that the elements name. */
  readonly mentions: (list: ReadonlyArray<unknown>, kind: ListKind, path: string) => ReadonlyArray<Mention>
  /** The frames of a list of frames. */
  readonly frames: (list: ReadonlyArray<unknown>, path: string) => ReadonlyArray<Frame>
  /** The inputs of a list of sensors. */
  readonly sensors: (list: ReadonlyArray<unknown>, path: string) => ReadonlyArray<FrameInput>
  /** What `sensor_meta` says, by sensor. */
  readonly meta: (list: ReadonlyArray<unknown>) => ReadonlyMap<string, Sensor>
}

type Fields = ReadonlyArray<readonly [field: string, origin: Mention["origin"]]>

const maskFields: Fields = [["url", "mask"], ["mask_url", "mask"], ["src", "mask"], ["label_url", "labels"]]
const segmentFields: Fields = [["url", "segment"], ["mask_url", "segment"], ["label_url", "labels"]]

const add = (
  out: Array<Mention>,
  origin: Mention["origin"],
  url: unknown,
  frameId: string | null,
  path: string,
  sensorId: string | null = null
) => {
  if (isUrl(url)) out.push({ origin, url, frameId, sensorId, path })
}

const addFields = (out: Array<Mention>, fields: Fields, object: JsonObject, frameId: string | null, path: string) => {
  for (const [field, origin] of fields) {
    const url = object[field]
    if (url !== undefined) add(out, origin, url, frameId, `${path}/${field}`, text(object["sensor_id"]))
  }
}

/** Adds the files that one element of a list names. */
export const elementMentions = (kind: ListKind, element: unknown, path: string, out: Array<Mention>): void => {
  if (kind === "masks") return mask(element, null, path, out)
  if (!isObject(element)) return
  if (kind === "annotations") {
    addFields(out, segmentFields, element, text(element["frame_id"]), path)
    const frames = element["frames"]
    if (!isContainer(frames)) return
    for (const key of Object.keys(frames)) {
      const frame = (frames as JsonObject)[key]
      const frameId = Array.isArray(frames) ? null : key
      if (isObject(frame)) {
        addFields(out, segmentFields, frame, frameId ?? text(frame["frame_id"]), `${path}/frames/${escapePointer(key)}`)
      }
    }
  }
}

const mask = (value: unknown, frameId: string | null, path: string, out: Array<Mention>) => {
  if (isObject(value)) addFields(out, maskFields, value, text(value["frame_id"]) ?? frameId, path)
  else add(out, "mask", value, frameId, path)
}

const masksIn = (masks: unknown, path: string, lists: Lists, out: Array<Mention>) => {
  if (Array.isArray(masks)) return append(out, lists.mentions(masks, "masks", path))
  if (!isObject(masks)) return add(out, "mask", masks, null, path)
  for (const key of Object.keys(masks)) {
    const value = masks[key]
    const field = typeof value === "string" ? maskFields.find(([field]) => field === key) : undefined
    if (field !== undefined) add(out, field[1], value, text(masks["frame_id"]), `${path}/${key}`)
    else if (key !== "frame_id") mask(value, key, `${path}/${escapePointer(key)}`, out)
  }
}

const append = (out: Array<Mention>, mentions: ReadonlyArray<Mention>) => {
  for (const mention of mentions) out.push(mention)
}

/** Every file that a body names, in document order. Without `inputs`, input media are left out. */
export const mentionsIn = (body: JsonObject, path: string, lists: Lists, inputs: boolean): ReadonlyArray<Mention> => {
  const out: Array<Mention> = []
  const list = (value: unknown, kind: ListKind, at: string) => {
    if (Array.isArray(value)) append(out, lists.mentions(value, kind, at))
  }
  const named = (ofFrame: ReadonlyArray<FrameInput>, frameId: string | null) => {
    for (const { path, sensorId, url } of ofFrame) out.push({ origin: "input", url, frameId, sensorId, path })
  }
  const frames = (value: ReadonlyArray<unknown>, at: string) => {
    for (const { frameId, inputs } of lists.frames(value, at)) named(inputs, frameId)
  }
  const visit = (object: JsonObject, at: string, inner: boolean) => {
    for (const key of Object.keys(object)) {
      const value = object[key]
      const here = `${at}/${escapePointer(key)}`
      if (key === "url" || key === "mask_url") add(out, "file", value, null, here)
      else if (key === "label_url") add(out, "labels", value, null, here)
      else if (key === "masks") masksIn(value, here, lists, out)
      else if (key === "annotations" && inner) list(value, "annotations", here)
      else if (key === "annotation_data" && !inner && isObject(value)) visit(value, here, true)
      else if (inputs && key === "frames" && Array.isArray(value)) frames(value, here)
      else if (inputs && key === "image_url" && !inner) add(out, "input", value, null, here)
      else if (inputs && (key === "video_data" || key === "sensor_data") && !inner && isObject(value)) {
        for (const name of Object.keys(value)) {
          const list = value[name]
          if (!Array.isArray(list)) continue
          if (name === "frames") frames(list, `${here}/${name}`)
          else if (name === "sensors") named(lists.sensors(list, `${here}/${name}`), null)
        }
      }
    }
  }
  visit(body, path, false)
  return out
}

/** What a named file is for, undefined if it is nothing to a result of that type. */
export const roleOf = (type: ResultType, origin: Mention["origin"]): AttachmentRole | undefined => {
  if (origin === "input") return "input"
  switch (type) {
    case "image_segmentation":
    case "video_segmentation":
      return origin === "labels" ? "point_labels" : "mask"
    case "point_cloud_segmentation":
      return origin === "file" ? "point_cloud" : "point_labels"
    default:
      return undefined
  }
}
