/**
 * The inputs of a recognized document, one row of `media` each, and what an annotation refers to among them: the position
 * of its frame, and the input that it is drawn on. Segmentation results name no input: they have one row for each file of
 * the result. One entry is held per frame and sensor.
 */
import * as Stream from "effect/Stream"
import { type MediaKind, type MediaRow, type ResultType, tables } from "../../AnnotationModel.ts"
import { nulls } from "../../Table.ts"
import * as UnsignedUrl from "../../UnsignedUrl.ts"
import { type Found, isCloud } from "./detect.ts"
import { isObject, type JsonObject } from "./json.ts"
import type { AttachmentRef, JobRef } from "./openDocument.ts"
import type { Frame, Lists } from "./scan/mentions.ts"

/** What a document says of an input: a row of `media` without its job and what is known of the file. */
export interface Input {
  readonly kind: MediaKind
  readonly frameId: string | null
  readonly frameIndex: number | null
  readonly sensorId: string | null
  /** As the document names it, null for the files of a result. */
  readonly url: string | null
  /** Its place among the files that the document names, null where it is not one of them. */
  readonly attachmentIndex: number | null
  readonly egoPose: string | null
  readonly sensorPose: string | null
  readonly intrinsics: string | null
  readonly timestamp: string | null
}

const none: Pick<Input, "egoPose" | "sensorPose" | "intrinsics" | "timestamp"> = {
  egoPose: null,
  sensorPose: null,
  intrinsics: null,
  timestamp: null
}

/** The inputs of a document in its order, and the places of its frames. */
export class InputMedia {
  readonly inputs: ReadonlyArray<Input>
  private readonly frames: ReadonlyMap<string, number>
  private readonly byFrame: ReadonlyMap<number | null, ReadonlyArray<number>>

  constructor(inputs: ReadonlyArray<Input>, frames: ReadonlyMap<string, number>) {
    this.inputs = inputs
    this.frames = frames
    const byFrame = new Map<number | null, Array<number>>()
    for (const [index, { frameIndex }] of inputs.entries()) {
      const ofFrame = byFrame.get(frameIndex)
      if (ofFrame === undefined) byFrame.set(frameIndex, [index])
      else ofFrame.push(index)
    }
    this.byFrame = byFrame
  }

  /** The position of a frame, null where the document lists no frame of this name. */
  frameIndex(frameId: string | null): number | null {
    return frameId === null ? null : this.frames.get(frameId) ?? null
  }

  /**
   * The input that an annotation in a frame is drawn on: that of its sensor, or without one the frame's only input, or with
   * `onCloud` its only point cloud. Null where there is none, undefined where it cannot be told from others.
   */
  of(frameIndex: number | null, sensorId: string | null, onCloud: boolean): number | null | undefined {
    const { byFrame, inputs } = this
    if (inputs.length === 0) return null
    const among = byFrame.get(frameIndex) ?? byFrame.get(null)
    if (among === undefined) return frameIndex === null && inputs.length > 1 ? undefined : frameIndex === null ? 0 : null
    let found: number | undefined
    for (const index of among) {
      const { kind, sensorId: named } = inputs[index]!
      if (sensorId !== null ? named !== sensorId && named !== null : onCloud && kind !== "point_cloud") continue
      if (found !== undefined) return undefined
      found = index
    }
    return found ?? null
  }
}

/** What names no input and lists no frame. */
export const noInputs = new InputMedia([], new Map())

const sensorInputs = ["video_data", "sensor_data"]
const noIntrinsics: ReadonlyMap<string, string> = new Map()

/** Reads what a recognized document says of its inputs. `files` are the files of its result. */
export const inputMediaOf = (
  { body, type }: Found,
  lists: Lists,
  files: ReadonlyArray<AttachmentRef>
): InputMedia => {
  if (type === "unknown") return noInputs
  const indexes = new Map<string, number>()
  for (const { frameId, index, role, sensorId, url } of files) {
    if (role === "input") indexes.set(keyOf(url, frameId, sensorId), index)
  }
  const inputs: Array<Input> = []
  const places = new Map<string, number>()
  const addFrames = (frames: ReadonlyArray<Frame>, isSequence: boolean, meta: ReadonlyMap<string, string>) => {
    for (const { egoPose, frameId, index, inputs: of, timestamp } of frames) {
      if (frameId !== null && !places.has(frameId)) places.set(frameId, index)
      for (const input of of) {
        inputs.push({
          kind: isCloud(input.url) ? "point_cloud" : "image",
          frameId,
          frameIndex: isSequence ? index : null,
          sensorId: input.sensorId,
          url: UnsignedUrl.strip(input.url),
          attachmentIndex: indexes.get(keyOf(input.url, frameId, input.sensorId)) ?? null,
          egoPose,
          sensorPose: input.pose,
          intrinsics: input.intrinsics ?? (input.sensorId === null ? null : meta.get(input.sensorId) ?? null),
          timestamp: input.timestamp ?? timestamp
        })
      }
    }
  }
  const addLists = (within: JsonObject, names: ReadonlyArray<"frames" | "sensors">) => {
    const meta = within["sensor_meta"]
    const intrinsics = Array.isArray(meta) ? lists.intrinsics(meta) : noIntrinsics
    for (const key of Object.keys(within)) {
      const [name, list] = [names.find((name) => name === key), within[key]]
      if (name !== undefined && Array.isArray(list)) addFrames(lists.frames(list, name, ""), name === "frames", intrinsics)
    }
  }
  for (const key of Object.keys(body)) {
    const value = body[key]
    if (key === "image_url") {
      if (typeof value === "string" && value.trim() !== "") inputs.push(imageOf(value, indexes.get(keyOf(value, null, null)) ?? null))
    } else if (key === "frames" && Array.isArray(value)) addFrames(lists.frames(value, key, ""), true, noIntrinsics)
    else if (sensorInputs.includes(key) && isObject(value)) addLists(value, ["frames", "sensors"])
    else if (key === "annotation_data" && isObject(value)) addLists(value, ["frames"])
  }
  return new InputMedia(inputs.length > 0 ? inputs : ofResult(type, files, places), places)
}

const keyOf = (url: string, frameId: string | null, sensorId: string | null): string =>
  JSON.stringify([url, frameId?.toWellFormed() ?? null, sensorId?.toWellFormed() ?? null])

const imageOf = (url: string, attachmentIndex: number | null): Input => ({
  ...none,
  kind: "image",
  frameId: null,
  frameIndex: null,
  sensorId: null,
  url: UnsignedUrl.strip(url),
  attachmentIndex
})

/** The files of a segmentation, which stand for the inputs that it does not name. */
const ofResult = (
  type: ResultType,
  files: ReadonlyArray<AttachmentRef>,
  places: Map<string, number>
): ReadonlyArray<Input> =>
  files.flatMap(({ frameId, index, role, sensorId }) => {
    if (role === "input") return []
    // The masks of a video come in the order of its frames.
    if (frameId !== null && !places.has(frameId)) places.set(frameId, places.size)
    const frameIndex = frameId === null ? null : places.get(frameId) ?? null
    const kind = role === "mask" && type !== "point_cloud_segmentation" ? "image" : "point_cloud"
    return [{ ...none, kind, frameId, frameIndex, sensorId, url: null, attachmentIndex: index }]
  })

const blank = nulls(tables.media)

const rowsAtOnce = 1000

/** The rows of `media`, their sizes and files still unknown. */
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
  url: input.url?.toWellFormed() ?? null,
  ego_pose: input.egoPose,
  sensor_pose: input.sensorPose,
  intrinsics: input.intrinsics,
  timestamp: input.timestamp?.toWellFormed() ?? null,
  attachment_index: input.attachmentIndex
})
