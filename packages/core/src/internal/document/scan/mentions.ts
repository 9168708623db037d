/**
 * The files that a document names, in document order. Documented: `url` of image segmentation and of the older point
 * cloud segmentation, a mask per frame of a segmented video, `label_url` per frame in the newer point cloud
 * segmentation, and the inputs `image_url`, `frames[].src`, `frames[].sensors[].data_url`, with the poses of frames and
 * sensors and the `intrinsics` in `sensor_meta`. Where masks sit is guessed: a list or an object by frame, of URLs or
 * objects, beside the annotations or above, or on the annotations themselves. Guessed too: a `timestamp`.
 */
import type { AttachmentRole, ResultType } from "../../../AnnotationModel.ts"
import { escapePointer, isContainer, isObject, type JsonObject, stringify, text } from "../json.ts"
import type { ListKind } from "../layout.ts"

/** A URL in a document, and where it was named: what it is for depends on the result type. */
export interface Mention {
  readonly origin: "file" | "mask" | "labels" | "segment" | "input"
  readonly url: string
  readonly frameId: string | null
  readonly sensorId: string | null
  readonly path: string
}

/** A frame of the input: what the document says of it besides the URLs of its inputs. */
export interface Frame {
  readonly frameId: string | null
  /** Position in its list, from 0. */
  readonly index: number
  readonly egoPose: string | null
  readonly timestamp: string | null
  readonly inputs: ReadonlyArray<FrameInput>
}

/** An input of a frame; poses and intrinsics are JSON text. */
export interface FrameInput extends Pick<Mention, "url" | "sensorId" | "path"> {
  readonly pose: string | null
  readonly intrinsics: string | null
  readonly timestamp: string | null
}

/** How the lists of a document are looked into; a large document's lists are not in memory. */
export interface Lists {
  /** The first element, undefined where there is none. */
  readonly first: (list: ReadonlyArray<unknown>) => unknown
  /** How many elements there are. */
  readonly size: (list: ReadonlyArray<unknown>) => number
  /** The files that the elements name. */
  readonly mentions: (list: ReadonlyArray<unknown>, kind: ListKind, path: string) => ReadonlyArray<Mention>
  /** The frames of a list of frames; a list of sensors is the only frame of its input. */
  readonly frames: (list: ReadonlyArray<unknown>, kind: "frames" | "sensors", path: string) => ReadonlyArray<Frame>
  /** JSON text of the intrinsics that a list of sensors' properties gives, by sensor. */
  readonly intrinsics: (list: ReadonlyArray<unknown>) => ReadonlyMap<string, string>
}

type Fields = ReadonlyArray<readonly [field: string, origin: Mention["origin"]]>

const maskFields: Fields = [["url", "mask"], ["mask_url", "mask"], ["src", "mask"], ["label_url", "labels"]]
const segmentFields: Fields = [["url", "segment"], ["mask_url", "segment"], ["label_url", "labels"]]
const isUrl = (url: unknown): url is string => typeof url === "string" && url.trim() !== ""

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

const jsonText = (value: unknown): string | null => value === undefined || value === null ? null : stringify(value)

const frameFields = ["src", "image_url"]

/** A frame. One that is not an object has its place among the others, and no input. */
const frameOf = (element: unknown, index: number, path: string): Frame => {
  const frame = isObject(element) ? element : {}
  const inputs: Array<FrameInput> = []
  for (const field of frameFields) {
    const url = frame[field]
    if (isUrl(url)) {
      inputs.push({
        url,
        sensorId: text(frame["sensor_id"]),
        path: `${path}/${field}`,
        pose: null,
        intrinsics: jsonText(frame["intrinsics"]),
        timestamp: null
      })
    }
  }
  const sensors = frame["sensors"]
  if (Array.isArray(sensors)) {
    for (let i = 0; i < sensors.length; i++) {
      const input = sensorOf(sensors[i], `${path}/sensors/${i}`)
      if (input !== undefined) inputs.push(input)
    }
  }
  return {
    frameId: text(frame["frame_id"]),
    index,
    egoPose: jsonText(frame["ego_pose"]),
    timestamp: text(frame["timestamp"]),
    inputs
  }
}

/** An input of a list of sensors, undefined where it names no file. */
const sensorOf = (element: unknown, path: string): FrameInput | undefined => {
  if (!isObject(element) || !isUrl(element["data_url"])) return undefined
  return {
    url: element["data_url"],
    sensorId: text(element["sensor_id"]),
    path: `${path}/data_url`,
    pose: jsonText(element["sensor_pose"]),
    intrinsics: jsonText(element["intrinsics"]),
    timestamp: text(element["timestamp"])
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

/** The frames of a list whose elements are all there. */
export const framesOf = (
  elements: ReadonlyArray<unknown>,
  from: number,
  kind: "frames" | "sensors",
  path: string,
  out: Array<Frame>
): void => {
  for (let i = 0; i < elements.length; i++) {
    const index = from + i
    if (kind === "frames") out.push(frameOf(elements[i], index, `${path}/${index}`))
    else {
      const input = sensorOf(elements[i], `${path}/${index}`)
      if (input !== undefined) out.push({ frameId: null, index: 0, egoPose: null, timestamp: null, inputs: [input] })
    }
  }
}

/** Adds what elements of `sensor_meta` say of their sensors. */
export const addIntrinsics = (elements: ReadonlyArray<unknown>, out: Map<string, string>): void => {
  for (const element of elements) {
    if (!isObject(element)) continue
    const id = text(element["id"]) ?? text(element["sensor_id"])
    const intrinsics = jsonText(element["intrinsics"])
    if (id !== null && intrinsics !== null) out.set(id, intrinsics)
  }
}

/** Adds the inputs of a list of frames as files. */
const frameMentions = (frames: ReadonlyArray<Frame>, out: Array<Mention>) => {
  for (const { frameId, inputs } of frames) {
    for (const { path, sensorId, url } of inputs) out.push({ origin: "input", url, frameId, sensorId, path })
  }
}

/** Every file that a body names, in document order. Without `inputs`, input media are left out. */
export const mentionsIn = (body: JsonObject, path: string, lists: Lists, inputs: boolean): ReadonlyArray<Mention> => {
  const out: Array<Mention> = []
  const list = (value: unknown, kind: ListKind, at: string) => {
    if (Array.isArray(value)) append(out, lists.mentions(value, kind, at))
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
      else if (inputs && key === "frames" && Array.isArray(value)) frameMentions(lists.frames(value, key, here), out)
      else if (inputs && key === "image_url" && !inner) add(out, "input", value, null, here)
      else if (inputs && (key === "video_data" || key === "sensor_data") && !inner && isObject(value)) {
        for (const name of Object.keys(value)) {
          const within = value[name]
          if ((name === "frames" || name === "sensors") && Array.isArray(within)) {
            frameMentions(lists.frames(within, name, `${here}/${name}`), out)
          }
        }
      }
    }
  }
  visit(body, path, false)
  return out
}

/** What a named file is for, undefined where it is nothing to a result of that type. */
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
