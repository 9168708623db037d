/**
 * The normalised model: three tables that hold any finished job of the platform, whatever its annotation type. Column
 * names are fixed, since people's queries depend on them, and no column holds a clock reading: the same input gives the
 * same rows. The row types are plain interfaces; `tables` says the same as data, for sinks that create a schema.
 */

/**
 * The kinds of result document that are told apart. The platform puts no discriminator into results: the kind is read
 * off the document's shape, and `unknown` stands for everything else, custom submission code included.
 */
export type ResultType =
  | "image_annotation"
  | "image_segmentation"
  | "video_annotation"
  | "video_segmentation"
  | "point_cloud_annotation"
  | "point_cloud_segmentation"
  | "unknown"

/**
 * What a row describes. `rectangle`, `polygon`, `line`, `landmark` and `cuboid` are drawn on an image, `box_3d` stands in
 * a point cloud, `segment` is a class or instance of a mask, `unknown` is whatever no decoder recognised.
 */
export type AnnotationType =
  | "rectangle"
  | "polygon"
  | "line"
  | "landmark"
  | "cuboid"
  | "box_3d"
  | "segment"
  | "unknown"

/**
 * What a file that a result names is for: a colour `mask` (PNG), `point_labels` (one label key per point of the input
 * cloud), a labelled `point_cloud` (PCD), or an `input`, which is the customer's own medium and not the platform's.
 */
export type AttachmentRole = "mask" | "point_labels" | "point_cloud" | "input"

/**
 * One finished job. Key: (`batch_id`, `job_id`).
 */
export interface JobRow {
  /** The project as it was asked for. */
  readonly project_id: string
  /** The batch as it was listed. */
  readonly batch_id: string
  /** The job as it was listed; any text, not always a UUID. */
  readonly job_id: string
  /** The customer's own id for the job. */
  readonly reference_id: string
  /** The platform's word, such as `completed`. */
  readonly status: string
  /** Kind of result document. */
  readonly result_type: ResultType
  /** Frames as the listing counts them, null where it does not. */
  readonly frames: number | null
  /** Annotations as the listing counts them, null where it does not. Need not equal `annotation_rows`. */
  readonly annotations: number | null
  /** Rows of `annotations` that the document gave, from 0. */
  readonly annotation_rows: number
  /** The job's tag (older API), null where it has none. */
  readonly tag: string | null
  /** The job's workflow (newer API), null where it has none. */
  readonly work_flow_id: string | null
  /** The job's weight in the platform's queue, null where it has none. */
  readonly priority_weight: number | null
  /** Where the platform says the result document is; unsigned, so it opens nothing without a key. */
  readonly result_url: string
  /** sha256 of the result document's bytes, 64 lower-case hex digits. */
  readonly revision: string
  /** Size of the result document in bytes. */
  readonly bytes: number
}

/**
 * One annotation in one frame. Key: (`batch_id`, `job_id`, `annotation_index`).
 */
export interface AnnotationRow {
  readonly batch_id: string
  readonly job_id: string
  /** Position among the rows of the document, from 0 without gaps. */
  readonly annotation_index: number
  /** The platform's `_id`. Not unique, not even inside one document. Null where there is none. */
  readonly annotation_id: string | null
  /** The same for one object through a video or sequence: the tracker's `_id`, or `track_id`. */
  readonly track_id: string | null
  /** The frame of the job's input that the annotation is in; null for single images. */
  readonly frame_id: string | null
  /** The camera or lidar that the annotation was drawn on; null where the document names none. */
  readonly sensor_id: string | null
  readonly type: AnnotationType
  /** The class, `""` where there is none. Of a segment called `car # 4` it is `car`. */
  readonly label: string
  /** `4` of a segment called `car # 4`, otherwise null. */
  readonly instance: string | null
  /**
   * Extent of 2D points, as the nearest doubles: pixel / image width or height, 0..1 with the origin at the top left.
   * Null without 2D points.
   */
  readonly x_min: number | null
  readonly y_min: number | null
  readonly x_max: number | null
  readonly y_max: number | null
  /**
   * JSON text. Rectangles, polygons, lines and landmarks: ordered points `[[x,y],...]` in the units of `x_min`, polygons
   * by following their edges without repeating the first point. Cuboids, 3D boxes, segments listed as annotations and
   * unknown annotations: the platform's object, since its form is not documented. `[]` where there is nothing to draw:
   * legend entries, and documents of unknown shape.
   */
  readonly geometry: string
  /** JSON text: an object from attribute name to its value or list of values; `{}` when there are none. */
  readonly attributes: string
  /** The colour that the platform draws with, `#rrggbb`; the mask colour of segments. Kept lower-case when malformed. */
  readonly color: string | null
  /** The number that stands for this segment in a file of point labels; null elsewhere. */
  readonly label_key: number | null
  /** JSON pointer (RFC 6901) into the result document, such as `/data/annotations/rectangles/0`; `""` is all of it. */
  readonly source_path: string
}

/**
 * One file that a result names. Key: (`batch_id`, `job_id`, `attachment_index`).
 */
export interface AttachmentRow {
  readonly batch_id: string
  readonly job_id: string
  /** Position among the files that the document names, from 0 in document order. */
  readonly attachment_index: number
  readonly role: AttachmentRole
  /** The frame that the file belongs to; null for files of the whole job. */
  readonly frame_id: string | null
  /** As the document names it; unsigned. */
  readonly url: string
  /** sha256 of the stored bytes, 64 lower-case hex digits. */
  readonly revision: string
  /** Size of the stored bytes. */
  readonly bytes: number
  /** As the storage named it, such as `image/png`. */
  readonly media_type: string
  /** Where the bytes are, relative to the sink's root, when they are files; otherwise null. */
  readonly path: string | null
}

/**
 * A column's type: `text` (UTF-8), `int32`, `int64` (within the safe integers), `double`, or `json`, which is text that
 * is valid JSON and which a format with nested types may store as such.
 */
export type ColumnType = "text" | "int32" | "int64" | "double" | "json"

/** One column of one table; `Name` is a key of the row's interface. */
export interface Column<Name extends string = string> {
  readonly name: Name
  readonly type: ColumnType
  readonly nullable: boolean
}

/** One table: columns in the order in which they are stored, and the columns whose values name a row uniquely. */
export interface Table<Row = unknown> {
  readonly columns: ReadonlyArray<Column<keyof Row & string>>
  readonly key: ReadonlyArray<keyof Row & string>
}

const required = <Name extends string>(name: Name, type: ColumnType): Column<Name> => ({ name, type, nullable: false })
const optional = <Name extends string>(name: Name, type: ColumnType): Column<Name> => ({ name, type, nullable: true })

/**
 * The three tables as data. Names and order do not change within a major version; columns may be added at the end.
 */
export const tables: {
  readonly jobs: Table<JobRow>
  readonly annotations: Table<AnnotationRow>
  readonly attachments: Table<AttachmentRow>
} = {
  jobs: {
    columns: [
      required("project_id", "text"),
      required("batch_id", "text"),
      required("job_id", "text"),
      required("reference_id", "text"),
      required("status", "text"),
      required("result_type", "text"),
      optional("frames", "int32"),
      optional("annotations", "int32"),
      required("annotation_rows", "int32"),
      optional("tag", "text"),
      optional("work_flow_id", "text"),
      optional("priority_weight", "int32"),
      required("result_url", "text"),
      required("revision", "text"),
      required("bytes", "int64")
    ],
    key: ["batch_id", "job_id"]
  },
  annotations: {
    columns: [
      required("batch_id", "text"),
      required("job_id", "text"),
      required("annotation_index", "int32"),
      optional("annotation_id", "text"),
      optional("track_id", "text"),
      optional("frame_id", "text"),
      optional("sensor_id", "text"),
      required("type", "text"),
      required("label", "text"),
      optional("instance", "text"),
      optional("x_min", "double"),
      optional("y_min", "double"),
      optional("x_max", "double"),
      optional("y_max", "double"),
      required("geometry", "json"),
      required("attributes", "json"),
      optional("color", "text"),
      optional("label_key", "int32"),
      required("source_path", "text")
    ],
    key: ["batch_id", "job_id", "annotation_index"]
  },
  attachments: {
    columns: [
      required("batch_id", "text"),
      required("job_id", "text"),
      required("attachment_index", "int32"),
      required("role", "text"),
      optional("frame_id", "text"),
      required("url", "text"),
      required("revision", "text"),
      required("bytes", "int64"),
      required("media_type", "text"),
      optional("path", "text")
    ],
    key: ["batch_id", "job_id", "attachment_index"]
  }
}
