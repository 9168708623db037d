/**
 * What a simulated project holds: batches, jobs, result kinds, and the platform's undocumented choices as options with
 * defaults. Plain data: faults stand in `Fault`, ports and pace in `Simulator`.
 */
import type * as Duration from "effect/Duration"
import * as Content from "./internal/content.ts"
import type { IdStyle } from "./internal/ids.ts"
import type { Size } from "./internal/media/shapes.ts"

/** Names the kinds of result; see the package's README for which shapes are documented and which are guessed. */
export type Kind = Content.KindName

/** Lists all kinds of result. */
export const allKinds: ReadonlyArray<Kind> = Object.keys(Content.kinds) as ReadonlyArray<Kind>

export type { Input } from "./internal/files.ts"
export type { IdStyle } from "./internal/ids.ts"
export type { Point } from "./internal/media/scene.ts"
export type { Shape, Size } from "./internal/media/shapes.ts"

/** Options of the images that documents name. */
export interface ImageOptions {
  /**
   * Sizes as displayed, `[width, height]` from 1 to 16,384 pixels; each job has one of them for its images and masks.
   * Default: 640×480, 1280×720, 1920×1080 and 1080×1920. Images of custom results are 600×400.
   */
  readonly sizes?: ReadonlyArray<readonly [width: number, height: number]>
  /**
   * Where documents say that inputs are: in a `bucket` of the customer (default, documented), which only the platform's
   * attachment endpoint opens; or at the `storage`'s own origin, where they can also be read without a signature.
   */
  readonly at?: "bucket" | "storage"
}

/** Describes one batch. */
export interface BatchOptions {
  /** Any text but the empty one; hostile ids are welcome. Default: a UUID made from the seed. */
  readonly id?: string
  /** Default: `Batch 1`, `Batch 2`, ... */
  readonly name?: string
  /** Number of jobs, 0 to 4,294,967,294. Costs nothing. */
  readonly jobs: number
  /** Kinds that the jobs take in turn. Default: `["image_annotation"]`, which needs three requests a job. */
  readonly kinds?: ReadonlyArray<Kind>
  /** Share (0 to 1, spread evenly) or positions (from 0) of the jobs that are not finished. Default: 0. */
  readonly unfinished?: number | ReadonlyArray<number>
  /**
   * How job ids look: `uuid` (default), `odd` (not UUIDs, as in the documentation), `hostile` (path traversal, device
   * names, control characters, 300 characters, pairs that differ by case or Unicode form), or all three in turn.
   */
  readonly ids?: IdStyle
}

/** Options of a simulated project; every one has a default. Durations are milliseconds when given as numbers. */
export interface Options {
  /** Everything follows from it. Default: 1. */
  readonly seed?: number | string
  /** Default: one batch of 10 jobs. */
  readonly batches?: ReadonlyArray<BatchOptions>
  /** Default: a UUID made from the seed. */
  readonly projectId?: string
  /** Default: `simulator-key`. */
  readonly apiKey?: string
  /** Jobs a page, default 100 (documented). */
  readonly pageSize?: number
  /** How the last page says so: the token is `absent` (default, documented), `null` or `empty` (guessed). */
  readonly lastPage?: "absent" | "null" | "empty"
  /** Status of the attachment redirect, default 302 (not documented). */
  readonly redirectStatus?: 301 | 302 | 303 | 307 | 308
  /** Extra redirects within the API's origin before the one to the storage. Default: 0. */
  readonly redirectHops?: number
  /** `absolute` (default); `relative` adds one redirect whose Location is relative to the API's origin. */
  readonly location?: "absolute" | "relative"
  /** Life of a signed URL, in whole seconds, default 15 minutes (not documented). */
  readonly urlLifetime?: Duration.Input
  /** `result` of a job that is not finished: `""` (default, the SDK's word), `null` or absent. */
  readonly unfinishedResult?: "empty" | "null" | "absent"
  /** `status` of a job that is not finished, default `pending` (guessed). */
  readonly unfinishedStatus?: string
  /** Whether result documents stand inside `data`: as documented for their kind (default), always or never. */
  readonly wrapped?: "documented" | "always" | "never"
  /** About how long each document is, to 10 GB; written in pieces, never held. Default: 0, the natural 0.3 to 6 KB. */
  readonly documentBytes?: number
  /** Input images and masks: their sizes, and where the inputs are. */
  readonly images?: ImageOptions
  /** Status of a wrong or missing key: 401 (default, seen by the SDK) or 400 (documented for all failures). */
  readonly authFailure?: 400 | 401
  /** Status of unknown projects, batches and jobs: 400 (default, documented for all failures) or 404. */
  readonly notFound?: 400 | 404
}

/** Names a job: by id, or by its position (from 0) in its batch. */
export type JobRef = string | number

/** A job as the listing shows it, with its place. */
export interface Job {
  readonly id: string
  readonly referenceId: string
  readonly index: number
  readonly kind: Kind
  readonly finished: boolean
  readonly frames: number
  readonly annotations: number
}

/** A file that a result names. */
export interface Attachment {
  /** The URL in the result, unsigned. */
  readonly url: string
  readonly contentType: string
  readonly bytes: Uint8Array
  /**
   * What the bytes hold: pixels of a mask by name in its legend, points by label key. Unlabelled ones are left out, and so
   * are names and keys that do not occur.
   */
  readonly counts: Readonly<Record<string, number>>
  /** Size of a mask, undefined for all else. */
  readonly size: Size | undefined
}

/** Totals of a batch, as the project's details show them. */
export interface Totals {
  readonly jobs: number
  readonly completedJobs: number
  readonly frames: number
  readonly completedFrames: number
  readonly annotations: number
}
