/**
 * The frames of a job's input. Documented: `frames[].src`, `frames[].sensors[].data_url`, the poses of frames and sensors,
 * and `intrinsics` and `modality` in `sensor_meta`; older inputs have `sensors` and no frames. Guessed: a `timestamp`, and
 * `image_url`, `sensor_id` and `intrinsics` where a frame or sensor has them itself.
 */
import { isObject, stringify, text } from "../json.ts"

/** A frame. Poses are JSON text, so that no value of the document is held. */
export interface Frame {
  readonly frameId: string | null
  /** Position in its list, from 0. */
  readonly index: number
  readonly egoPose: string | null
  readonly timestamp: string | null
  readonly inputs: ReadonlyArray<FrameInput>
}

/** An input of a frame. Pose and intrinsics are JSON text. */
export interface FrameInput {
  readonly url: string
  readonly sensorId: string | null
  /** JSON pointer of the URL. */
  readonly path: string
  readonly pose: string | null
  readonly intrinsics: string | null
  readonly timestamp: string | null
}

/** What `sensor_meta` says of a sensor. */
export interface Sensor {
  readonly intrinsics: string | null
  readonly isLidar: boolean
}

/** Whether a value names a file. */
export const isUrl = (url: unknown): url is string => typeof url === "string" && url.trim() !== ""

/** JSON text of a value, null if there is none. */
export const jsonText = (value: unknown): string | null =>
  value === undefined || value === null ? null : stringify(value)

const frameFields = ["src", "image_url"]

/** One that is not an object has its place among the others, and no input. */
const frameOf = (element: unknown, index: number, path: string): Frame => {
  if (!isObject(element)) return { frameId: null, index, egoPose: null, timestamp: null, inputs: [] }
  const inputs: Array<FrameInput> = []
  for (const field of frameFields) {
    const url = element[field]
    if (!isUrl(url)) continue
    const sensorId = text(element["sensor_id"])
    const intrinsics = jsonText(element["intrinsics"])
    inputs.push({ url, sensorId, path: `${path}/${field}`, pose: null, intrinsics, timestamp: null })
  }
  const sensors = element["sensors"]
  if (Array.isArray(sensors)) {
    for (let i = 0; i < sensors.length; i++) addSensor(sensors[i], `${path}/sensors/${i}`, inputs)
  }
  return {
    frameId: text(element["frame_id"]),
    index,
    egoPose: jsonText(element["ego_pose"]),
    timestamp: text(element["timestamp"]),
    inputs
  }
}

const addSensor = (element: unknown, path: string, out: Array<FrameInput>) => {
  if (!isObject(element)) return
  const url = element["data_url"]
  if (!isUrl(url)) return
  out.push({
    url,
    sensorId: text(element["sensor_id"]),
    path: `${path}/data_url`,
    pose: jsonText(element["sensor_pose"]),
    intrinsics: jsonText(element["intrinsics"]),
    timestamp: text(element["timestamp"])
  })
}

/** Adds the frames of a list, from element `from` on. */
export const addFrames = (elements: ReadonlyArray<unknown>, from: number, path: string, out: Array<Frame>): void => {
  for (let i = 0; i < elements.length; i++) out.push(frameOf(elements[i], from + i, `${path}/${from + i}`))
}

/** Adds the inputs of a list of sensors that is outside all frames, from element `from` on. */
export const addSensors = (
  elements: ReadonlyArray<unknown>,
  from: number,
  path: string,
  out: Array<FrameInput>
): void => {
  for (let i = 0; i < elements.length; i++) addSensor(elements[i], `${path}/${from + i}`, out)
}

/** Adds what the elements of `sensor_meta` say of sensors; the last one of a sensor holds. */
export const addMeta = (elements: ReadonlyArray<unknown>, out: Map<string, Sensor>): void => {
  for (const element of elements) {
    if (!isObject(element)) continue
    const id = text(element["id"]) ?? text(element["sensor_id"])
    if (id === null) continue
    out.set(id, { intrinsics: jsonText(element["intrinsics"]), isLidar: element["modality"] === "lidar" })
  }
}
