/**
 * The inputs of a recognized document, one row of `media` each, and what an annotation refers to among them: the position
 * of its frame, and the input that it is drawn on. Segmentation results may name no input: they then have one row for each
 * file of the result. One entry is held per frame and sensor.
 */
import * as Stream from "effect/Stream"
import { type MediaRow, type ResultType, tables } from "../../AnnotationModel.ts"
import { nulls } from "../../Table.ts"
import * as UnsignedUrl from "../../UnsignedUrl.ts"
import { type Found, isCloud } from "./detect.ts"
import { halfCharacter, isObject, isWellFormed, type JsonObject } from "./json.ts"
import type { AttachmentRef, InputRef, JobRef, Problem } from "./openDocument.ts"
import { type Frame, type FrameInput, isUrl, jsonText, type Sensor } from "./scan/frames.ts"
import type { Lists } from "./scan/mentions.ts"

/** What a document says of an input, or of a file that stands for one. */
interface Input extends InputRef, Pick<FrameInput, "pose" | "intrinsics" | "timestamp" | "path"> {
  readonly frameIndex: number | null
  readonly egoPose: string | null
}

/** A frame: its position in the job, null where that is not known, and the inputs that are in it. */
interface Place {
  readonly index: number | null
  // Mostly a frame has one input: an array for each would be most of what is held.
  inputs: number | Array<number> | undefined
}

/** The inputs of a document in its order, and its frames. */
export class InputMedia {
  readonly inputs: Array<Input> = []
  private readonly byName = new Map<string, Place>()
  private readonly byPosition: Array<Place> = []
  private readonly nowhere: Place = { index: null, inputs: undefined }
  private readonly allOnCloud: boolean
  /** The frame that has inputs, as long as there is one. */
  private only: Place | undefined
  private several = false

  constructor(type: ResultType) {
    this.allOnCloud = type === "point_cloud_segmentation"
  }

  /** Adds an input of a frame that {@link frame} or {@link listed} gave. */
  add(input: Input, place: Place): void {
    const index = this.inputs.push(input) - 1
    if (place.inputs === undefined) {
      if (this.only !== undefined) this.several = true
      this.only = place
      place.inputs = index
    } else if (typeof place.inputs === "number") place.inputs = [place.inputs, index]
    else place.inputs.push(index)
  }

  /** The frame of a list of frames; the first of a name says where the others are. */
  listed(frameId: string | null, index: number): Place {
    const place = (frameId === null ? this.byPosition[index] : this.byName.get(frameId)) ?? { index, inputs: undefined }
    this.byPosition[index] ??= place
    if (frameId !== null) this.byName.set(frameId, place)
    return place
  }

  /** The frame of a file; one that no list of frames has is known by its name alone. */
  named(frameId: string | null): Place {
    if (frameId === null) return this.nowhere
    const place = this.byName.get(frameId) ?? { index: null, inputs: undefined }
    this.byName.set(frameId, place)
    return place
  }

  /** The frame of an annotation that names it, or that has a position in a list of the annotation's own frames. */
  frame(frameId: string | null, position: number | null): Place {
    if (frameId !== null) return this.byName.get(frameId) ?? unlisted
    if (position === null) return this.nowhere
    return this.byPosition[position] ?? (this.byPosition.length > 0 ? unlisted : { index: position, inputs: undefined })
  }

  /**
   * The input that an annotation in a frame is drawn on: that of its sensor, or without one the frame's only input, or with
   * `onCloud` its only point cloud. Text says why there is none.
   */
  of(place: Place, sensorId: string | null, onCloud: boolean): number | string {
    const { inputs, nowhere } = this
    // Inputs in no frame are those of all frames.
    const among = place.inputs ?? nowhere.inputs ?? (place === nowhere && !this.several ? this.only?.inputs : undefined)
    if (among === undefined) return place === nowhere ? "names no frame" : "its frame has no input"
    if (typeof among === "number") {
      const named = sensorId === null ? null : inputs[among]!.sensorId
      return named === null || named === sensorId ? among : noSensor
    }
    let found: number | undefined
    for (const index of among) {
      const { kind, sensorId: named } = inputs[index]!
      if (sensorId === null ? kind !== "point_cloud" || !(onCloud || this.allOnCloud) : named !== sensorId) continue
      if (found !== undefined) return tooMany
      found = index
    }
    return found ?? (sensorId === null ? tooMany : noSensor)
  }

  /** Whether the document itself names inputs, so that an annotation without one is a problem. */
  get isNamed(): boolean {
    return this.inputs.length > 0 && this.inputs[0]!.url !== null
  }

  /** Inputs whose row cannot hold all of their text. */
  get problems(): ReadonlyArray<Problem> {
    return this.inputs.filter((input) => !isWhole(input))
      .map(({ path }) => ({ path: path.toWellFormed(), reason: halfCharacter }))
  }
}

/** A frame that the document does not list. */
const unlisted: Place = { index: null, inputs: undefined }

const noSensor = "its frame has no input of its sensor"
const tooMany = "its frame has several inputs that it may be drawn on"

const sensorInputs = ["video_data", "sensor_data"]
const noMeta: ReadonlyMap<string, Sensor> = new Map()

/** Reads what a recognized document says of its inputs. `files` are the files of its result, and its inputs if asked for. */
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

const blank = nulls(tables.media)

const rowsAtOnce = 1000

/** The rows of `media`, their sizes still unknown. Refers to nothing else of the document. */
export const mediaRows = ({ inputs }: InputMedia) => (job: JobRef): Stream.Stream<ReadonlyArray<MediaRow>> =>
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
