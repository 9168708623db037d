/**
 * The normalized model, version 2: four tables that hold any finished job of the platform, whatever its annotation type.
 * Column names are fixed, since people's queries depend on them. The same input gives the same rows, `load_id` excepted.
 * Each column is described here alone: row types and every sink's schema are made from `tables`.
 */
import { boolean, double, int32, int64, json, make, nullable, rare, type RowOf, scattered, text } from "./Table.ts"

/** The version of the tables. A sink that holds an older version is read, and not written to. */
export const version = 2

export type { Column, ColumnType, Table } from "./Table.ts"

/**
 * The kinds of result document that are told apart. The platform puts no discriminator into results: the kind is read
 * off the document's shape, and `unknown` stands for everything else, custom submission code included.
 */
export type ResultType =
  | "image_annotation"
  | "image_classification"
  | "image_segmentation"
  | "video_annotation"
  | "video_segmentation"
  | "point_cloud_annotation"
  | "point_cloud_segmentation"
  | "unknown"

/**
 * What a row describes. `rectangle`, `polygon`, `line`, `landmark` and `cuboid` are drawn on an image, `box_3d` stands in
 * a point cloud, `segment` is a class or instance of a mask, `classification` is the class of a job or frame as a whole and
 * has no extent, `unknown` is whatever no decoder recognized.
 */
export type AnnotationType =
  | "rectangle"
  | "polygon"
  | "line"
  | "landmark"
  | "cuboid"
  | "box_3d"
  | "segment"
  | "classification"
  | "unknown"

/** What a row of `media` stands for. */
export type MediaKind = "image" | "point_cloud"

/**
 * What a file that a result names is for: a colour `mask` (PNG), `point_labels` (one label key per point of the input
 * cloud), a labelled `point_cloud` (PCD), or an `input`, which is the customer's own medium and not the platform's.
 */
export type AttachmentRole = "mask" | "point_labels" | "point_cloud" | "input"

const jobs = make({
  description: "one row per finished job",
  columns: {
    /** The project as it was asked for. */
    project_id: text(),
    /** The batch as it was listed. */
    batch_id: text(),
    /** The job as it was listed; any text, not always a UUID. */
    job_id: text(),
    reference_id: text("the customer's own id"),
    /** The platform's word, such as `completed`. */
    status: text(),
    /** Kind of result document. */
    result_type: text<ResultType>(),
    /** Null where the listing does not count them. */
    frames: nullable(int32("as the listing counts them")),
    /** Null where the listing does not count them. Need not equal `annotation_rows`. */
    annotations: nullable(int32("as the listing counts them")),
    /** Rows that the document gave, from 0. */
    annotation_rows: int32("rows in annotations"),
    /** The job's tag (older API), null where it has none. */
    tag: nullable(text()),
    /** The job's workflow (newer API), null where it has none. */
    work_flow_id: nullable(text()),
    /** The job's weight in the platform's queue, null where it has none. */
    priority_weight: nullable(int32()),
    /** Where the platform says the result document is; unsigned, so it opens nothing without a key. */
    result_url: text(),
    /** 64 lower-case hex digits. */
    revision: text("sha256 of the result document"),
    bytes: int64("size of the result document"),
    /**
     * Start of the run that stored the job here: milliseconds since 1970 times 1,000, plus 3 random digits. Says when a
     * row arrived, and nothing about its content.
     */
    load_id: int64("the run that stored the job here")
  },
  key: ["batch_id", "job_id"],
  indexes: { by_reference: ["reference_id"] }
})

const annotations = make({
  description: "one row per annotation and frame",
  columns: {
    batch_id: text(),
    job_id: text(),
    /** From 0 without gaps. */
    annotation_index: int32("position in the document"),
    /** The platform's `_id`. Not unique, not even inside one document. Null where there is none. */
    annotation_id: scattered(nullable(text("not unique"))),
    /** The tracker's `_id`, or `track_id`. */
    track_id: nullable(text("one object through a video or sequence")),
    /** The frame of the job's input that the annotation is in; null for single images. */
    frame_id: nullable(text()),
    /** The camera or lidar that the annotation was drawn on; null where the document names none. */
    sensor_id: nullable(text()),
    type: text<AnnotationType>(),
    /** `""` where there is none. */
    label: text("the class; of \"car # 4\" it is \"car\""),
    /** Null of all that is not a numbered segment. */
    instance: nullable(text("\"4\" of \"car # 4\"")),
    /**
     * Extent of 2D points, as the nearest doubles: pixel / image width or height, 0..1 with the origin at the top left.
     * Null without 2D points.
     */
    x_min: nullable(double("extent: 0 to 1, origin at the top left")),
    y_min: nullable(double()),
    x_max: nullable(double()),
    y_max: nullable(double()),
    /**
     * Rectangles, polygons, lines and landmarks: ordered points `[[x,y],...]` in the units of `x_min`, polygons by
     * following their edges without repeating the first point. Cuboids, 3D boxes, segments listed as annotations and
     * unknown annotations: the platform's object, since its form is not documented. `[]` where there is nothing to draw:
     * legend entries, and documents of unknown shape.
     */
    geometry: json("JSON"),
    /** From attribute name to its value or list of values; `{}` when there are none. */
    attributes: json("JSON object"),
    /** The colour that the platform draws with; the mask colour of segments. Kept lower-case when malformed. */
    color: nullable(text("#rrggbb")),
    /** The number that stands for this segment in a file of point labels; null elsewhere. */
    label_key: nullable(int32()),
    /** RFC 6901, such as `/data/annotations/rectangles/0`; `""` is all of the document. */
    source_path: scattered(text("JSON pointer into the document")),
    /** Null for single images, and for a frame that the document does not list. */
    frame_index: nullable(int32("position of the frame in the job, from 0")),
    /**
     * Without a `sensor_id` the frame's only input, or its only point cloud for 3D boxes and segments of clouds. Else null,
     * which is a problem of a document that names inputs. Legend entries and classes of the whole job belong to the only
     * input.
     */
    media_index: nullable(int32("the row of media that it is drawn on")),
    /** Null where the document does not say. */
    key_frame: rare(nullable(boolean("whether a person drew it here; false: interpolated"))),
    /** Landmarks: the platform's label of each point, in the order of `geometry`. Null of all else. */
    point_labels: rare(nullable(json("JSON list"))),
    /** 3D boxes: the numbers that the platform gives, not converted. Null where the document has no such key. */
    center_x: rare(nullable(double("3D box, as the platform gives it"))),
    center_y: rare(nullable(double())),
    center_z: rare(nullable(double())),
    size_x: rare(nullable(double())),
    size_y: rare(nullable(double())),
    size_z: rare(nullable(double())),
    rotation_x: rare(nullable(double())),
    rotation_y: rare(nullable(double())),
    rotation_z: rare(nullable(double())),
    rotation_w: rare(nullable(double()))
  },
  key: ["batch_id", "job_id", "annotation_index"]
})

const media = make({
  description: "one row per input that annotations refer to",
  columns: {
    batch_id: text(),
    job_id: text(),
    /** From 0 without gaps, in document order. */
    media_index: int32(),
    kind: text<MediaKind>(),
    /** Null for single images. */
    frame_id: nullable(text()),
    frame_index: nullable(int32("position of the frame in the job, from 0")),
    sensor_id: nullable(text()),
    /**
     * As the document names it, without a query, which may carry a signature. Null where a segmentation result names no
     * input: it has one row per mask or file of labels.
     */
    url: nullable(text()),
    /** EXIF orientation applied. Null until it is known. */
    width: nullable(int32("pixels, as displayed")),
    height: nullable(int32("pixels, as displayed")),
    ego_pose: nullable(json("JSON, as the platform gives it")),
    sensor_pose: nullable(json("JSON, as the platform gives it")),
    intrinsics: nullable(json("JSON, as the platform gives it")),
    /** Text of a number, where the platform gives one. */
    timestamp: nullable(text("as the platform gives it")),
    /** Null where it was not downloaded. */
    attachment_index: nullable(int32("the stored file"))
  },
  key: ["batch_id", "job_id", "media_index"]
})

const attachments = make({
  description: "one row per file that a result names",
  columns: {
    batch_id: text(),
    job_id: text(),
    /** Position among the files that the document names, from 0 in document order. */
    attachment_index: int32(),
    role: text<AttachmentRole>(),
    /** The frame that the file belongs to; null for files of the whole job. */
    frame_id: nullable(text()),
    /** As the document names it; unsigned. */
    url: text(),
    /** 64 lower-case hex digits. */
    revision: text("sha256 of the file"),
    /** Size of the stored bytes. */
    bytes: int64(),
    /** As the storage named it, such as `image/png`. */
    media_type: text(),
    /** Relative to the sink's directory, with `/` between the parts. The same in every sink. */
    path: text("where a files sink stores the bytes"),
    /** The camera or lidar that the file belongs to; null where the document names none. */
    sensor_id: nullable(text())
  },
  key: ["batch_id", "job_id", "attachment_index"]
})

/**
 * The four tables. Names and order do not change within a major version. Columns may be added at the end; they can be
 * null, since rows that are stored already do not have them.
 */
export const tables = { jobs, annotations, media, attachments }

/** One finished job. Key: (`batch_id`, `job_id`). */
export type JobRow = RowOf<typeof jobs>

/** One annotation in one frame. Key: (`batch_id`, `job_id`, `annotation_index`). */
export type AnnotationRow = RowOf<typeof annotations>

/** One input that annotations refer to. Key: (`batch_id`, `job_id`, `media_index`). */
export type MediaRow = RowOf<typeof media>

/** One file that a result names. Key: (`batch_id`, `job_id`, `attachment_index`). */
export type AttachmentRow = RowOf<typeof attachments>
