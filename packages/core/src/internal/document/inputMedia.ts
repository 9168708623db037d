/**
 * The inputs of a recognized document, one row of `media` each, and what an annotation refers to among them: the position
 * of its frame, and the input that it is drawn on. Segmentation results may name no input: they then have one row for each
 * file of the result. One entry is held per frame and sensor.
 */
import * as Stream from "effect/Stream"
import { type MediaKind, type MediaRow, type ResultType, tables } from "../../AnnotationModel.ts"
import { nulls } from "../../Table.ts"
import * as UnsignedUrl from "../../UnsignedUrl.ts"
import { type Found, isCloud } from "./detect.ts"
import { halfCharacter, isObject, isWellFormed, type JsonObject } from "./json.ts"
import type { AttachmentRef, JobRef, Problem } from "./openDocument.ts"
import { type FrameInput, isUrl, jsonText, type Sensor } from "./scan/frames.ts"
import type { Lists } from "./scan/mentions.ts"

/** What a document says of an input, or of a file that stands for one. */
interface Input extends Pick<FrameInput, "pose" | "intrinsics" | "timestamp" | "sensorId" | "path"> {
  readonly kind: MediaKind
  readonly frameId: string | null
  readonly frameIndex: number | null
  /** As the document names it, null for the files of a result. */
  readonly url: string | null
  readonly egoPose: string | null
  /** Its place among the files that the document names, null where it is not one of them. */
  readonly attachmentIndex: number | null
}

/** A frame by its position, or by its name where the document does not list it; null for all that is in no frame. */
type FrameKey = number | string | null

/** The inputs of a document in its order, and the places of its frames. */
export class InputMedia {
  readonly inputs: ReadonlyArray<Input>
  /** Whether the document itself names inputs, so that an annotation without one is a problem. */
  readonly isNamed: boolean
  private readonly places: ReadonlyMap<string, number>
  private readonly listed: number
  private readonly allOnCloud: boolean
  // Mostly a frame has one input: an array for each would be most of what is held.
  private readonly byFrame = new Map<FrameKey, number | Array<number>>()

  /** `places` are those of frames with a name, `listed` is the number of all. */
  constructor(
    type: ResultType,
    inputs: ReadonlyArray<Input>,
    places: ReadonlyMap<string, number>,
    listed: number,
    isNamed: boolean
  ) {
    this.inputs = inputs
    this.places = places
    this.listed = listed
    this.isNamed = isNamed
    this.allOnCloud = type === "point_cloud_segmentation"
    for (let index = 0; index < inputs.length; index++) {
      const { frameId, frameIndex } = inputs[index]!
      const key = frameIndex ?? frameId
      const among = this.byFrame.get(key)
      if (among === undefined) this.byFrame.set(key, index)
      else if (typeof among === "number") this.byFrame.set(key, [among, index])
      else among.push(index)
    }
  }

  /** The position of the frame of a name, null where the document lists none. */
  frameIndex(frameId: string): number | null {
    return this.places.get(frameId) ?? null
  }

  /** The position of a frame in a list of its own, null where the document lists fewer frames. */
  frameAt(position: number): number | null {
    return this.listed === 0 || position < this.listed ? position : null
  }

  /**
   * The input that an annotation is drawn on: that of its sensor, or without one the frame's only input, or with `onCloud`
   * its only point cloud. Text says why there is none.
   */
  of(frameId: string | null, frameIndex: number | null, sensorId: string | null, onCloud: boolean): number | string {
    const { byFrame, inputs } = this
    const key = frameIndex ?? frameId
    // Inputs in no frame are those of all frames.
    const among = byFrame.get(key) ?? byFrame.get(null) ?? (key === null ? this.ofOnlyFrame() : undefined)
    if (among === undefined) return key === null ? "names no frame" : "its frame has no input"
    if (typeof among === "number") {
      const named = sensorId === null ? null : inputs[among]!.sensorId
      return named === null || named === sensorId ? among : noSensor
    }
    let found: number | undefined
    for (const index of among) {
      const { kind, sensorId: named } = inputs[index]!
      if (sensorId === null ? kind !== "point_cloud" || !(onCloud || this.allOnCloud) : named !== sensorId) continue
      if (found !== undefined) return several
      found = index
    }
    return found ?? (sensorId === null ? several : noSensor)
  }

  private ofOnlyFrame(): number | Array<number> | undefined {
    return this.byFrame.size === 1 ? this.byFrame.values().next().value : undefined
  }

  /** Inputs whose row cannot hold all of their text. */
  get problems(): ReadonlyArray<Problem> {
    return this.inputs.filter((input) => !isWhole(input)).map(({ path }) => ({ path, reason: halfCharacter }))
  }
}

const noSensor = "its frame has no input of its sensor"
const several = "its frame has several inputs that it may be drawn on"

const sensorInputs = ["video_data", "sensor_data"]
const noMeta: ReadonlyMap<string, Sensor> = new Map()

/** Reads what a recognized document says of its inputs. `files` are the files of its result, and its inputs if asked for. */
export const inputMediaOf = (
  { body, path, type }: Found,
  lists: Lists,
  files: ReadonlyArray<AttachmentRef>
): InputMedia => {
  const inputs: Array<Input> = []
  const places = new Map<string, number>()
  let listed = 0
  if (type === "unknown") return new InputMedia(type, inputs, places, listed, false)
  const indexOf = attachedBy(files)

  const add = (
    input: FrameInput,
    frameId: string | null,
    frameIndex: number | null,
    egoPose: string | null,
    timestamp: string | null,
    meta: ReadonlyMap<string, Sensor>
  ) => {
    const { intrinsics, path, pose, sensorId, url } = input
    const sensor = sensorId === null ? undefined : meta.get(sensorId)
    inputs.push({
      kind: sensor?.isLidar === true || isCloud(url) ? "point_cloud" : "image",
      frameId,
      frameIndex,
      sensorId,
      url,
      path,
      egoPose,
      pose,
      intrinsics: intrinsics ?? sensor?.intrinsics ?? null,
      timestamp: input.timestamp ?? timestamp,
      attachmentIndex: indexOf(url, frameId, sensorId)
    })
  }
  const addFrames = (list: ReadonlyArray<unknown>, at: string, meta: ReadonlyMap<string, Sensor>) => {
    const frames = lists.frames(list, at)
    listed = Math.max(listed, frames.length)
    for (const { egoPose, frameId, index, inputs, timestamp } of frames) {
      if (frameId !== null && !places.has(frameId)) places.set(frameId, index)
      const frameIndex = frameId === null ? index : places.get(frameId)!
      for (const input of inputs) add(input, frameId, frameIndex, egoPose, timestamp, meta)
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
      for (const input of lists.sensors(list, `${at}/${key}`)) add(input, null, null, egoPose, null, meta)
    }
  }
  for (const key of Object.keys(body)) {
    const value = body[key]
    const at = `${path}/${key}`
    if (key === "image_url" && isUrl(value)) {
      add({ ...bare, url: value, path: at }, null, null, null, null, noMeta)
    } else if (key === "frames" && Array.isArray(value)) addFrames(value, at, noMeta)
    else if (key === "annotation_data" && isObject(value)) {
      if (Array.isArray(value["frames"])) addFrames(value["frames"], `${at}/frames`, noMeta)
    } else if (sensorInputs.includes(key) && isObject(value)) addInputs(value, at)
  }
  return inputs.length > 0
    ? new InputMedia(type, inputs, places, listed, true)
    : new InputMedia(type, files.map((file) => ofResult(file, places)), places, listed, false)
}

const bare = { sensorId: null, pose: null, intrinsics: null, timestamp: null }

/** Finds the places of inputs among the files of a document. Most often inputs are no files. */
const attachedBy = (files: ReadonlyArray<AttachmentRef>) => {
  const keyOf = (url: string, frameId: string | null, sensorId: string | null) =>
    JSON.stringify([url, frameId?.toWellFormed() ?? null, sensorId?.toWellFormed() ?? null])
  const indexes = new Map<string, number>()
  for (const { frameId, index, role, sensorId, url } of files) {
    if (role === "input") indexes.set(keyOf(url, frameId, sensorId), index)
  }
  return (url: string, frameId: string | null, sensorId: string | null): number | null =>
    indexes.size === 0 ? null : indexes.get(keyOf(url, frameId, sensorId)) ?? null
}

/** A file of a segmentation, which stands for the input that it does not name. */
const ofResult = ({ frameId, index, role, sensorId, sourcePath }: AttachmentRef, places: ReadonlyMap<string, number>) =>
  ({
    ...bare,
    kind: role === "mask" ? "image" : "point_cloud",
    frameId,
    frameIndex: frameId === null ? null : places.get(frameId) ?? null,
    sensorId,
    url: null,
    path: sourcePath,
    egoPose: null,
    attachmentIndex: index
  }) satisfies Input

const blank = nulls(tables.media)

const rowsAtOnce = 1000

/** The rows of `media`, their sizes still unknown. */
export const mediaRows = ({ inputs }: InputMedia, job: JobRef): Stream.Stream<ReadonlyArray<MediaRow>> =>
  inputs.length === 0 ? Stream.empty : Stream.range(0, Math.ceil(inputs.length / rowsAtOnce) - 1).pipe(
    Stream.map((page) => {
      const from = page * rowsAtOnce
      return inputs.slice(from, from + rowsAtOnce).map((input, at) => mediaRow(input, from + at, job))
    })
  )

const mediaRow = (input: Input, index: number, { batchId, jobId }: JobRef): MediaRow => ({
  ...blank,
  batch_id: batchId,
  job_id: jobId,
  media_index: index,
  kind: input.kind,
  frame_id: input.frameId?.toWellFormed() ?? null,
  frame_index: input.frameIndex,
  sensor_id: input.sensorId?.toWellFormed() ?? null,
  url: input.url === null ? null : UnsignedUrl.strip(input.url).toWellFormed(),
  ego_pose: input.egoPose,
  sensor_pose: input.pose,
  intrinsics: input.intrinsics,
  timestamp: input.timestamp?.toWellFormed() ?? null,
  attachment_index: input.attachmentIndex
})

/** Whether all texts that the document chose have a form in UTF-8; those that are JSON text have. */
const isWhole = ({ frameId, sensorId, timestamp, url }: Input): boolean =>
  isWellFormed(url) && isWellFormed(frameId) && isWellFormed(sensorId) && isWellFormed(timestamp)
