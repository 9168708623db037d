/**
 * The normalized model, version 2: four tables that hold any finished job of the platform, whatever its annotation
 * type. Column names are fixed, because queries depend on them. The same input gives the same rows, except for
 * `load_id`. Each column is described only here: row types and every sink's schema are made from `tables`.
 */
import { boolean, double, int32, int64, json, make, nullable, rare, type RowOf, scattered, text } from "./Table.ts"

/** The version of the tables. A sink that holds an older version is read, and not written to. */
export const version = 2

export type { Column, ColumnType, Table } from "./Table.ts"

/**
 * The kinds of result document that are distinguished. The platform puts no discriminator into results: the kind is read
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
 * What a row describes. `rectangle`, `polygon`, `line`, `landmark`, and `cuboid` are drawn on an image, `box_3d` is in
 * a point cloud, `segment` is a class or instance of a mask, `classification` is the class of a job or frame and has no
 * extent, and `unknown` is an annotation that no decoder recognized.
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

/** The kind of a row of `media`. */
export type MediaKind = "image" | "point_cloud"

/**
 * What a file that a result names is for: a color `mask` (PNG), `point_labels` (one label key per point of the input
 * cloud), a labelled `point_cloud` (PCD), or an `input`, which is the customer's own medium and not the platform's.
 */
export type AttachmentRole = "mask" | "point_labels" | "point_cloud" | "input"

const jobs = make({
  description: "one row per finished job",
  columns: {
    project_id: text("the project, as the export names it"),
    batch_id: text("the batch, as listed"),
    job_id: text("the job, as listed; any text, not always a UUID"),
    reference_id: text("the customer's own id; empty if there is none"),
    status: text("the platform's word, such as completed"),
    result_type: text<ResultType>("the kind of result document"),
    /** Null where the listing does not count them. */
    frames: nullable(int32("as the listing counts them")),
    /** Null where the listing does not count them. Need not equal `annotation_rows`. */
    annotations: nullable(int32("as the listing counts them")),
    /** Rows that the document gave, from 0. */
    annotation_rows: int32("rows in annotations"),
    tag: nullable(text("the job's tag (older API)")),
    work_flow_id: nullable(text("the job's workflow (newer API)")),
    priority_weight: nullable(int32("the job's weight in the platform's queue")),
    /** The address of the result document, unsigned, so it opens nothing without a key. */
    result_url: text("address of the result document, without a signature"),
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
    batch_id: text("the job's batch"),
    job_id: text("the job"),
    /** Without gaps. */
    annotation_index: int32("position in the document, from 0"),
    /** Not unique, not even within one document. Null if there is none. */
    annotation_id: scattered(nullable(text("the platform's id; not unique"))),
    /** The tracker's `_id`, or `track_id`. */
    track_id: nullable(text("one object through a video or sequence")),
    /** The frame of the job's input that the annotation is in. */
    frame_id: nullable(text("the frame; null for single images")),
    /** Null where the document names none. */
    sensor_id: nullable(text("the camera or lidar that it was drawn on")),
    type: text<AnnotationType>("what the row describes"),
    label: text("the class; of \"car # 4\" it is \"car\"; empty if there is none"),
    /** Null of all that is not a numbered segment. */
    instance: nullable(text("\"4\" of \"car # 4\"")),
    /**
     * Extent of 2D points, as the nearest doubles: pixel / image width or height, 0..1 with the origin at the top left.
     * Null without 2D points.
     */
    x_min: nullable(double("left edge / image width: 0 to 1")),
    y_min: nullable(double("top edge / image height: 0 to 1")),
    x_max: nullable(double("right edge / image width: 0 to 1")),
    y_max: nullable(double("bottom edge / image height: 0 to 1")),
    /**
     * Rectangles, polygons, lines and landmarks: ordered points `[[x,y],...]` in the units of `x_min`, polygons by
     * following their edges without repeating the first point. Cuboids, 3D boxes, segments listed as annotations and
     * unknown annotations: the platform's object, since its form is not documented. `[]` if there is nothing to draw:
     * legend entries, and documents of unknown shape.
     */
    geometry: json("points [[x,y],...] in the units of x_min, or the platform's object"),
    /** From attribute name to its value or list of values; `{}` if there are none. */
    attributes: json("object from name to value or list of values"),
    /** The color that the platform draws with. Kept lower-case when malformed. */
    color: nullable(text("#rrggbb; for segments the color in the mask")),
    label_key: nullable(int32("the segment's number in a file of point labels")),
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
    /** In the order of `geometry`. */
    point_labels: rare(nullable(json("landmarks: list of the labels of the points"))),
    /** 3D boxes: the numbers that the platform gives, not converted. Null where the document has no such key. */
    center_x: rare(nullable(double("3D box: center, as the platform gives it"))),
    center_y: rare(nullable(double("3D box: center"))),
    center_z: rare(nullable(double("3D box: center"))),
    size_x: rare(nullable(double("3D box: size, as the platform gives it"))),
    size_y: rare(nullable(double("3D box: size"))),
    size_z: rare(nullable(double("3D box: size"))),
    rotation_x: rare(nullable(double("3D box: rotation, as the platform gives it"))),
    rotation_y: rare(nullable(double("3D box: rotation"))),
    rotation_z: rare(nullable(double("3D box: rotation"))),
    rotation_w: rare(nullable(double("3D box: rotation, of quaternions alone")))
  },
  key: ["batch_id", "job_id", "annotation_index"]
})

const media = make({
  description: "one row per input that annotations refer to",
  columns: {
    batch_id: text("the job's batch"),
    job_id: text("the job"),
    /** Without gaps. */
    media_index: int32("position in the document, from 0"),
    kind: text<MediaKind>("image or point_cloud"),
    frame_id: nullable(text("the frame; null for single images")),
    frame_index: nullable(int32("position of the frame in the job, from 0")),
    sensor_id: nullable(text("the camera or lidar that took it")),
    /** Null where a segmentation result names no input: it has one row per mask or file of labels. */
    url: nullable(text("as the document names it, without a signature")),
    /** EXIF orientation applied. */
    width: nullable(int32("pixels, as displayed; null until known")),
    height: nullable(int32("pixels, as displayed; null until known")),
    ego_pose: nullable(json("as the platform gives it")),
    sensor_pose: nullable(json("as the platform gives it")),
    intrinsics: nullable(json("as the platform gives it")),
    /** Text of a number, if the platform gives one. */
    timestamp: nullable(text("as the platform gives it")),
    attachment_index: nullable(int32("the row of attachments; null if it was not downloaded"))
  },
  key: ["batch_id", "job_id", "media_index"]
})

const attachments = make({
  description: "one row per file that a result names",
  columns: {
    batch_id: text("the job's batch"),
    job_id: text("the job"),
    /** In document order. */
    attachment_index: int32("position among the files of the document, from 0"),
    role: text<AttachmentRole>("mask, point_labels, point_cloud, or input"),
    frame_id: nullable(text("the frame; null for files of the whole job")),
    url: text("as the document names it, without a signature"),
    /** 64 lower-case hex digits. */
    revision: text("sha256 of the file"),
    bytes: int64("size of the file"),
    media_type: text("as the storage names it, such as image/png"),
    /** Relative to the sink's directory, with `/` between the parts. The same in every sink. */
    path: text("where a files sink stores the bytes"),
    /** Null where the document names none. */
    sensor_id: nullable(text("the camera or lidar that the file belongs to"))
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
