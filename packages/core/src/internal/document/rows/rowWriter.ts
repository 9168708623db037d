/**
 * What the element decoders write into: numbers rows in document order, fills the columns that they do not know and
 * gathers problems. One writer serves one run over one document.
 */
import type { AnnotationRow, AnnotationType } from "../../../AnnotationModel.ts"
import type { InputMedia } from "../inputMedia.ts"
import { isInt32 } from "../int32.ts"
import { halfCharacter, isObject, isWellFormed, type JsonObject, nearest, text } from "../json.ts"
import type { Decoded, JobRef, Problem } from "../openDocument.ts"
import { attributesText } from "./attributes.ts"
import { type Box, noBox } from "./box.ts"
import { normalColor, segmentName } from "./label.ts"
import { Extent } from "./points.ts"

/** The columns that come from around an annotation object: its tracker, its frame, its legend. */
export interface Surroundings {
  readonly trackId: string | null
  readonly frameId: string | null
  /** Position of the frame in a list of the annotation, for a frame without a name. */
  readonly framePosition: number | null
  readonly label: string
  readonly attributes: unknown
}

/** A label key (documented as an integer), null if there is none, undefined if it is something else. */
const labelKey = (value: unknown): number | null | undefined => {
  if (value === undefined || value === null) return null
  const key = typeof value === "string" && value.trim() !== "" ? Number(value) : nearest(value)
  return isInt32(key) ? key + 0 : undefined
}

export class RowWriter {
  readonly extent = new Extent()
  private readonly job: JobRef
  private readonly media: InputMedia
  private index = 0
  private rows: Array<AnnotationRow> = []
  private problems: Array<Problem>

  constructor(job: JobRef, media: InputMedia) {
    this.job = job
    this.media = media
    this.problems = media.problems()
  }

  /** How many rows and problems wait to be taken. */
  get waiting(): number {
    return this.rows.length + this.problems.length
  }

  /** Hands over what was written since the last call. */
  take(): Decoded {
    const decoded = { rows: this.rows, problems: this.problems }
    this.rows = []
    this.problems = []
    return decoded
  }

  problem(path: string, reason: string) {
    this.problems.push({ path: path.toWellFormed(), reason })
  }

  /** One annotation object as a row. With `bounded`, the extent last read is its own. */
  annotation(
    object: JsonObject,
    path: string,
    type: AnnotationType,
    geometry: string,
    bounded: boolean,
    around: Surroundings,
    legend?: ReadonlyMap<string, string>,
    labels: string | null = null,
    box: Box = noBox
  ) {
    const attributes = attributesText(object["attributes"] ?? around.attributes)
    if (attributes === undefined) return this.problem(path, "attributes are neither an object nor a list")
    const key = labelKey(object["label_key"])
    if (key === undefined) return this.problem(path, "label_key is not a 32-bit integer")
    const given = text(object["label"]) ?? around.label
    const isSegment = type === "segment"
    const name = isSegment ? segmentName(given) : undefined
    const color = object["color"]
    const frameId = around.frameId ?? text(object["frame_id"])
    const sensorId = text(object["sensor_id"])
    const media = this.media
    const frame = media.frame(frameId, around.framePosition)
    const input = media.of(frame, sensorId, type === "box_3d")
    if (typeof input === "string" && media.isNamed) this.problem(path, input)
    const keyFrame = object["keyFrame"] ?? object["key_frame"]
    this.row(
      text(object["_id"]),
      around.trackId ?? text(object["track_id"]),
      frameId,
      sensorId,
      type,
      name === undefined ? given : name.label,
      name === undefined ? null : name.instance,
      bounded,
      geometry,
      attributes,
      color === undefined || color === null ? legend?.get(given) ?? null : normalColor(color),
      key,
      path,
      frame.index,
      typeof input === "number" ? input : null,
      typeof keyFrame === "boolean" ? keyFrame : null,
      labels,
      box
    )
  }

  /** One entry of a legend as a row. */
  segment(id: string | null, name: string, color: unknown, key: unknown, path: string) {
    const label_key = labelKey(key)
    if (label_key === undefined) return this.problem(path, "label_key is not a 32-bit integer")
    const { instance, label } = segmentName(name)
    this.legendRow(id, "segment", label, instance, normalColor(color), label_key, path)
  }

  /** The class of the job as a whole. */
  category(label: string, path: string) {
    this.legendRow(null, "classification", label, null, null, null, path)
  }

  /** The whole document as one row, for shapes that no decoder knows. */
  unknown(path: string) {
    this.legendRow(null, "unknown", "", null, null, null, path)
  }

  /** A row that is not drawn. It belongs to the only input, if there is one. */
  private legendRow(
    id: string | null,
    type: AnnotationType,
    label: string,
    instance: string | null,
    color: string | null,
    key: number | null,
    path: string
  ) {
    const input = this.media.inputs.length === 1 ? 0 : null
    this.row(
      id,
      null,
      null,
      null,
      type,
      label,
      instance,
      false,
      "[]",
      "{}",
      color,
      key,
      path,
      null,
      input,
      null,
      null,
      noBox
    )
  }

  // One place that makes rows keeps them all of one hidden class.
  private row(
    annotation_id: string | null,
    track_id: string | null,
    frame_id: string | null,
    sensor_id: string | null,
    type: AnnotationType,
    label: string,
    instance: string | null,
    bounded: boolean,
    geometry: string,
    attributes: string,
    color: string | null,
    label_key: number | null,
    source_path: string,
    frame_index: number | null,
    media_index: number | null,
    key_frame: boolean | null,
    point_labels: string | null,
    box: Box
  ) {
    const extent = this.extent
    const row = {
      batch_id: this.job.batchId,
      job_id: this.job.jobId,
      annotation_index: this.index++,
      annotation_id,
      track_id,
      frame_id,
      sensor_id,
      type,
      label,
      instance,
      x_min: bounded ? extent.xMin : null,
      y_min: bounded ? extent.yMin : null,
      x_max: bounded ? extent.xMax : null,
      y_max: bounded ? extent.yMax : null,
      geometry,
      attributes,
      color,
      label_key,
      source_path,
      frame_index,
      media_index,
      key_frame,
      point_labels,
      center_x: box.centerX,
      center_y: box.centerY,
      center_z: box.centerZ,
      size_x: box.sizeX,
      size_y: box.sizeY,
      size_z: box.sizeZ,
      rotation_x: box.rotationX,
      rotation_y: box.rotationY,
      rotation_z: box.rotationZ,
      rotation_w: box.rotationW
    }
    this.rows.push(isWhole(row) ? row : this.mended(row))
  }

  /** UTF-8 has no form for half of a surrogate pair: what holds one is mended here, and not by each sink. */
  private mended(row: AnnotationRow): AnnotationRow {
    this.problem(row.source_path, halfCharacter)
    const values = Object.entries(row).map((
      [name, value]
    ) => [name, typeof value === "string" ? value.toWellFormed() : value])
    return Object.fromEntries(values) as AnnotationRow
  }
}

/** Whether all texts that the document chose have a form in UTF-8; those that are JSON text have. */
const isWhole = ({ annotation_id, color, frame_id, label, sensor_id, source_path, track_id }: AnnotationRow): boolean =>
  label.isWellFormed() && source_path.isWellFormed() && isWellFormed(annotation_id) && isWellFormed(track_id) &&
  isWellFormed(frame_id) && isWellFormed(sensor_id) && isWellFormed(color)

/** Nothing is known from around an annotation of an image. */
export const alone: Surroundings = {
  trackId: null,
  frameId: null,
  framePosition: null,
  label: "",
  attributes: undefined
}

/** Reports what is not an object where the platform lists objects. */
export const expectObject = (value: unknown, path: string, out: RowWriter): value is JsonObject => {
  if (isObject(value)) return true
  out.problem(path, "expected an object")
  return false
}
