/**
 * One image, frame, or point cloud with its annotations: what every format gets, and all that a format knows. Where
 * samples come from (rows, masks, files) is not known here.
 */
import type { AnnotationModel, Content } from "@labelstream/core"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { DatasetError } from "./DatasetError.ts"

/** A point, normalized: pixel / width and pixel / height, with the origin at the top left. */
export type Point = readonly [x: number, y: number]

/** One annotation in one sample. */
export interface Shape {
  readonly type: AnnotationModel.AnnotationType
  /** The class. Formats get the name that `Classes` has for it. */
  readonly label: string
  /** In drawing order: 4 of a rectangle, 8 of a cuboid, 3 or more of a polygon, not closed; none where it has no points. */
  readonly points: ReadonlyArray<Point>
  /** Landmarks: the platform's label of each point, in the order of `points`; null where it has none. */
  readonly pointLabels: ReadonlyArray<string | number | null> | null
  /** JSON text of an object from name to value, or to a list of values; `{}` for none. Numbers keep their digits in it. */
  readonly attributes: string
  /** One object through a video or sequence. */
  readonly track: string | null
  /** `4` of `car # 4`. */
  readonly instance: string | null
  /** Whether a person drew it in this frame; null where that is not known. */
  readonly keyFrame: boolean | null
}

/** Runs of pixels with the same value, row by row from the top left. A run can go on in the next row. */
export interface PixelRuns {
  readonly values: Uint16Array
  /** Where each run ends: the number of pixels up to its last one. */
  readonly ends: Uint32Array
}

/** Which class or instance each pixel of a sample belongs to. */
export interface Mask {
  readonly width: number
  readonly height: number
  /** The segments that have pixels. A pixel of value v belongs to entry v - 1; an entry that is null counts as unlabeled. */
  readonly entries: ReadonlyArray<Shape | null>
  /** Whether there are pixels of a color that the legend does not have. They are unlabeled. */
  readonly hasStrays: boolean
  /** Decodes the values, row by row from the top left; 0 is unlabeled. Each run decodes again. */
  readonly read: Effect.Effect<Uint16Array, DatasetError>
  /** Decodes the same values as runs, without an array of all pixels. Absent where they are not held as runs. */
  readonly readRuns?: Effect.Effect<PixelRuns, DatasetError>
}

/** Which class or instance each point of a cloud belongs to. */
export interface PointLabels {
  /** The segments. A point of value v belongs to entry v - 1; an entry that is null counts as unlabeled. */
  readonly entries: ReadonlyArray<Shape | null>
  /** The values in the order of the points; 0 is unlabeled. Each run reads from the start. */
  readonly values: Stream.Stream<Uint16Array, DatasetError>
  /** x, y and z of the points in the same order; null where the labels came without them. */
  readonly positions: Stream.Stream<Float32Array, DatasetError> | null
}

/** The job that a sample comes from. */
export interface SampleJob {
  readonly batchId: string
  readonly jobId: string
  /** The customer's own key; empty where there is none. */
  readonly referenceId: string
}

/** A sample before a dataset gives it a name and a split. */
export interface Input {
  /** The name that an earlier build gave it, and that it keeps; null for a new sample. */
  readonly name: string | null
  /** The file ending that its bytes ask for, such as `.png`; null where they are not known. */
  readonly ending: string | null
  readonly kind: "image" | "point_cloud"
  /** The input's address, without its query; null where the result does not name it. */
  readonly url: string | null
  /** Pixels as displayed; null where they are not known. */
  readonly width: number | null
  readonly height: number | null
  readonly job: SampleJob
  /** Null for a job of a single image. `index` counts from 0. */
  readonly frame: { readonly id: string; readonly index: number } | null
  readonly shapes: ReadonlyArray<Shape>
  readonly mask: Mask | null
  /** Why the segments among the shapes have no mask, where that is known. */
  readonly maskProblem?: string | undefined
  readonly points: PointLabels | null
  /** The input's bytes, where they were exported. */
  readonly media: Content.Content | null
}

/** A sample as a format gets it: named, in a split, and with the shapes that the format can hold, inside the image. */
export interface Sample extends Input {
  /** The file stem: safe on every file system, and unique in the dataset without regard to case. */
  readonly name: string
  /** The stem with the ending of the input. */
  readonly file: string
  readonly split: string
}

/** The samples of a dataset. Every stream can be run as often as needed, and gives the same samples in the same order. */
export interface Samples {
  /** The splits that have samples, in the order of the option `split`. */
  readonly splits: ReadonlyArray<string>
  readonly all: Stream.Stream<Sample, DatasetError>
  /** The samples of one split. */
  readonly of: (split: string) => Stream.Stream<Sample, DatasetError>
}
