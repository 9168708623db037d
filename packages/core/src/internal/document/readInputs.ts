/**
 * Reads what a recognized document says of its inputs. Segmentation results may name none: the files of the result then
 * stand for them.
 */
import { type Found, isCloud } from "./detect.ts"
import { type Input, InputMedia, type Place } from "./inputMedia.ts"
import { isObject, type JsonObject } from "./json.ts"
import type { AttachmentRef } from "./openDocument.ts"
import { type Frame, type FrameInput, isUrl, jsonText, type Sensor } from "./scan/frames.ts"
import type { Lists } from "./scan/mentions.ts"

const sensorInputs = ["video_data", "sensor_data"]
const noMeta: ReadonlyMap<string, Sensor> = new Map()

/** Reads the inputs. `files` are the files of the result, and the inputs if these were asked for. */
export const inputMediaOf = (
  { body, path, type }: Found,
  lists: Lists,
  files: ReadonlyArray<AttachmentRef>
): InputMedia => {
  const media = new InputMedia(type)
  if (type === "unknown") return media
  const indexOf = attachedBy(files)

  const add = (
    place: Place,
    input: FrameInput,
    { egoPose, frameId, timestamp }: Pick<Frame, "frameId" | "egoPose" | "timestamp">,
    meta: ReadonlyMap<string, Sensor>
  ) => {
    const { intrinsics, path, pose, sensorId, url } = input
    const sensor = sensorId === null ? undefined : meta.get(sensorId)
    media.add({
      kind: sensor?.isLidar === true || isCloud(url) ? "point_cloud" : "image",
      frameId,
      frameIndex: place.index,
      sensorId,
      url,
      path,
      egoPose,
      pose,
      intrinsics: intrinsics ?? sensor?.intrinsics ?? null,
      timestamp: input.timestamp ?? timestamp,
      attachmentIndex: indexOf(url, frameId, sensorId)
    }, place)
  }
  const addFrames = (list: ReadonlyArray<unknown>, at: string, meta: ReadonlyMap<string, Sensor>) => {
    for (const frame of lists.frames(list, at)) {
      const place = media.listed(frame.frameId, frame.index)
      for (const input of frame.inputs) add(place, input, frame, meta)
    }
  }
  const addInputs = (within: JsonObject, at: string) => {
    const { ego_pose: pose, sensor_meta: list } = within
    const meta = Array.isArray(list) ? lists.meta(list) : noMeta
    for (const key of Object.keys(within)) {
      const list = within[key]
      if (!Array.isArray(list)) continue
      if (key === "frames") addFrames(list, `${at}/${key}`, meta)
      if (key !== "sensors") continue
      const egoPose = isObject(pose) ? jsonText(pose) : null
      const around = { ...noFrame, egoPose }
      for (const input of lists.sensors(list, `${at}/${key}`)) add(media.named(null), input, around, meta)
    }
  }
  for (const key of Object.keys(body)) {
    const value = body[key]
    const at = `${path}/${key}`
    if (key === "image_url" && isUrl(value)) {
      add(media.named(null), { ...bare, url: value, path: at }, noFrame, noMeta)
    } else if (key === "frames" && Array.isArray(value)) addFrames(value, at, noMeta)
    else if (key === "annotation_data" && isObject(value)) {
      if (Array.isArray(value["frames"])) addFrames(value["frames"], `${at}/frames`, noMeta)
    } else if (sensorInputs.includes(key) && isObject(value)) addInputs(value, at)
  }
  if (media.inputs.length > 0) return media
  for (const file of files) {
    const place = media.named(file.frameId)
    media.add(ofResult(file, place.index), place)
  }
  return media
}

const noFrame = { frameId: null, egoPose: null, timestamp: null }
const bare = { sensorId: null, pose: null, intrinsics: null, timestamp: null }

const unattached = () => null

/** Finds the places of inputs among the files of a document. */
const attachedBy = (files: ReadonlyArray<AttachmentRef>) => {
  // Most inputs are not files.
  if (files.every(({ role }) => role !== "input")) return unattached
  const keyOf = (url: string, frameId: string | null, sensorId: string | null) =>
    JSON.stringify([url, frameId?.toWellFormed() ?? null, sensorId?.toWellFormed() ?? null])
  const indexes = new Map<string, number>()
  for (const { frameId, index, role, sensorId, url } of files) {
    if (role === "input") indexes.set(keyOf(url, frameId, sensorId), index)
  }
  return (url: string, frameId: string | null, sensorId: string | null): number | null =>
    indexes.get(keyOf(url, frameId, sensorId)) ?? null
}

/** A file of a segmentation, which stands for the input that it does not name. */
const ofResult = ({ frameId, index, role, sensorId, sourcePath }: AttachmentRef, frameIndex: number | null): Input => ({
  ...bare,
  kind: role === "mask" ? "image" : "point_cloud",
  frameId,
  frameIndex,
  sensorId,
  url: null,
  path: sourcePath,
  egoPose: null,
  attachmentIndex: index
})
