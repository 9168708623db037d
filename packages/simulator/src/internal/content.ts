/**
 * Result documents, made on demand from (seed, place, revision) and never kept. A padded document is written in pieces of
 * about 64 KB, and its length is known before the first.
 */
import * as Cloud from "./documents/cloud.ts"
import * as Custom from "./documents/custom.ts"
import { type Ingredients, more } from "./documents/geometry.ts"
import * as Image from "./documents/image.ts"
import * as Video from "./documents/video.ts"
import type { Place } from "./ids.ts"
import type { Size } from "./media/shapes.ts"
import * as Random from "./random.ts"
import * as Urls from "./urls.ts"

/** A body whose length is known before it is made. `chunks` makes it again at every call. */
export interface Content {
  readonly type: string
  readonly length: number
  readonly chunks: () => Iterable<Uint8Array>
}

interface Kind {
  /** Whether the documented form is inside `data`. */
  readonly wrapped: boolean
  readonly frames: (variant: number) => number
  readonly annotations: (variant: number) => number
  readonly make: (ingredients: Ingredients) => unknown
  readonly item: (n: number) => string
}

const one = (): number => 1

/** Result kinds by name. */
export const kinds = {
  image_annotation: {
    wrapped: true,
    frames: one,
    annotations: Image.annotationCount,
    make: Image.annotation,
    item: Image.annotationItem
  },
  image_classification: {
    wrapped: true,
    frames: one,
    annotations: one,
    make: Image.classification,
    item: Image.annotationItem
  },
  image_segmentation: {
    wrapped: false,
    frames: one,
    annotations: Image.segmentationCount,
    make: Image.segmentation,
    item: Image.segmentationItem
  },
  video_annotation: {
    wrapped: true,
    frames: Video.frameCount,
    annotations: Video.trackerCount,
    make: Video.annotation,
    item: Video.annotationItem
  },
  video_segmentation: {
    wrapped: true,
    frames: Video.frameCount,
    annotations: Video.frameCount,
    make: Video.segmentation,
    item: Video.segmentationItem
  },
  point_cloud_annotation: {
    wrapped: true,
    frames: Cloud.frameCount,
    annotations: Cloud.boxCount,
    make: Cloud.annotation,
    item: Cloud.annotationItem
  },
  point_cloud_linking: {
    wrapped: true,
    frames: Cloud.frameCount,
    annotations: Cloud.linkingCount,
    make: Cloud.linking,
    item: Cloud.annotationItem
  },
  point_cloud_segmentation: {
    wrapped: false,
    frames: Cloud.frameCount,
    annotations: Cloud.segmentationCount,
    make: Cloud.segmentation,
    item: Cloud.segmentationItem
  },
  point_cloud_segmentation_legacy: {
    wrapped: false,
    frames: one,
    annotations: Cloud.legacyCount,
    make: Cloud.legacySegmentation,
    item: Cloud.legacyItem
  },
  custom: {
    wrapped: false,
    frames: one,
    annotations: Custom.annotationCount,
    make: Custom.custom,
    item: Custom.customItem
  }
} as const satisfies Record<string, Kind>

export type KindName = keyof typeof kinds

/** What a document is made from. */
export interface Request {
  readonly seed: number
  readonly place: Place
  readonly kind: KindName
  /** How often the job was reworked. */
  readonly revision: number
  readonly wrapped: "documented" | "always" | "never"
  /** About how long the document shall be; 0 for its natural length. */
  readonly documentBytes: number
  /** Where the inputs are that the document names. */
  readonly inputsAt: string
  /** Sizes that images have as displayed; the job has one of them. */
  readonly sizes: ReadonlyArray<Size>
}

/** Size of a job's images and masks as displayed; it stays the same when the job is reworked. */
export const imageSize = ({ kind, place, seed, sizes }: Request): Size => {
  const size = sizes[Random.hash(seed, place.batch, place.index, 15) % sizes.length]
  return kind === "custom" || size === undefined ? Custom.size : size
}

const itemWidths = new Map<KindName, number>()

const itemWidth = (kind: KindName): number => {
  const known = itemWidths.get(kind)
  if (known !== undefined) return known
  const width = kinds[kind].item(0).length
  itemWidths.set(kind, width)
  return width
}

/** Extra list elements that make a document about as long as asked; colors end at 15 million legend entries. */
const padding = (kind: KindName, documentBytes: number): number => {
  if (documentBytes <= 2048) return 0
  const count = Math.ceil((documentBytes - 2048) / (itemWidth(kind) + 1))
  return kind === "image_segmentation" ? Math.min(count, 0xefffff) : count
}

/** The next one at each rework, so that no document equals the one before it. */
export const variantOf = ({ place, revision, seed }: Request): number =>
  (Random.hash(seed, place.batch, place.index, 6, 0) % 8 + revision) % 8

/** Frames and annotations of a job, as the listing counts them: elements of the document's main lists (guessed). */
export const counts = (request: Request): { readonly frames: number; readonly annotations: number } => {
  const kind = kinds[request.kind]
  const variant = variantOf(request)
  const extra = padding(request.kind, request.documentBytes)
  const natural = extra > 0 && request.kind === "custom" ? Math.max(variant, 1) : kind.annotations(variant)
  return { frames: kind.frames(variant), annotations: natural + extra }
}

const chunkBytes = 65536

function* padded(head: string, tail: string, count: number, item: (n: number) => string): Generator<Uint8Array> {
  let text = head
  for (let n = 0; n < count; n++) {
    text += n === 0 ? item(n) : `,${item(n)}`
    if (text.length >= chunkBytes) {
      yield Buffer.from(text)
      text = ""
    }
  }
  yield Buffer.from(text + tail)
}

/** What a job's document holds inside `data`, if that is there; `more` marks the padding. */
export const value = (request: Request): unknown => {
  const { kind, place, revision, seed } = request
  return kinds[kind].make({
    random: Random.make(Random.hash(seed, place.batch, place.index, 7, revision)),
    urls: Urls.make(seed, place, request.inputsAt),
    size: imageSize(request),
    variant: variantOf(request),
    more: padding(kind, request.documentBytes) > 0 ? [more] : []
  })
}

/** Makes the result document of a job. */
export const document = (request: Request): Content => {
  const kind = kinds[request.kind]
  const count = padding(request.kind, request.documentBytes)
  const wrap = request.wrapped === "always" || (request.wrapped === "documented" && kind.wrapped)
  const text = JSON.stringify(wrap ? { data: value(request) } : value(request))
  if (count === 0) {
    const bytes = Buffer.from(text)
    return { type: "application/json", length: bytes.length, chunks: () => [bytes] }
  }
  const mark = request.kind === "image_segmentation" ? `"${more}":""` : `"${more}"`
  const at = text.indexOf(mark)
  const head = text.slice(0, at)
  const tail = text.slice(at + mark.length)
  const length = Buffer.byteLength(head) + Buffer.byteLength(tail) + count * (itemWidth(request.kind) + 1) - 1
  return { type: "application/json", length, chunks: () => padded(head, tail, count, kind.item) }
}
