/**
 * Reads results that are COCO documents already, as custom submission code gives them, so that they go into a dataset like
 * all others: ids are renumbered, and categories joined by name.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Rle from "./Rle.ts"
import type { Input, Mask, Point, SampleJob, Shape } from "./Sample.ts"

const id = Schema.Union([Schema.Int, Schema.String])
const numbers = Schema.Array(Schema.Finite)
const size = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 65_535 }))

const Image = Schema.Struct({
  id,
  width: size,
  height: size,
  file_name: Schema.optionalKey(Schema.String),
  coco_url: Schema.optionalKey(Schema.String)
})

const Annotation = Schema.Struct({
  image_id: id,
  category_id: id,
  bbox: Schema.optionalKey(numbers),
  segmentation: Schema.optionalKey(Schema.Union([
    Schema.Array(numbers),
    Schema.Struct({ size: numbers, counts: Schema.Union([Schema.String, numbers]) })
  ])),
  keypoints: Schema.optionalKey(numbers),
  attributes: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json)),
  track_id: Schema.optionalKey(id)
})

const Document = Schema.Struct({
  images: Schema.Array(Image),
  annotations: Schema.Array(Schema.Unknown),
  categories: Schema.Array(Schema.Struct({ id, name: Schema.String }))
})

type Image = typeof Image.Type
type Annotation = typeof Annotation.Type

/** The content of a document, and a problem for each part that cannot be read. */
export interface Read {
  readonly inputs: ReadonlyArray<Input>
  readonly problems: ReadonlyArray<{ readonly path: string; readonly reason: string }>
}

const decodeDocument = Schema.decodeUnknownOption(Document)
const decodeAnnotation = Schema.decodeUnknownOption(Annotation)

/**
 * The samples of a parsed document, in the order of its images; undefined if it is no COCO document. The images of a
 * document with several are frames of its job. A polygon of several parts becomes several polygons.
 */
export const read = (document: unknown, job: SampleJob): Read | undefined => {
  const decoded = decodeDocument(document)
  if (decoded._tag === "None") return undefined
  const { annotations, categories, images } = decoded.value
  const problems: Array<{ path: string; reason: string }> = []
  const labels = new Map(categories.map(({ id, name }) => [id, name]))
  const drawn = new Map(images.map((image) => [image.id, new Drawing(image)]))
  const draw = (value: unknown): string | undefined => {
    const annotation = decodeAnnotation(value)
    if (annotation._tag === "None") return "no annotation that can be read"
    const label = labels.get(annotation.value.category_id)
    if (label === undefined) return "its category_id is not among the categories"
    const drawing = drawn.get(annotation.value.image_id)
    return drawing === undefined ? "its image_id is not among the images" : drawing.add(annotation.value, label)
  }
  annotations.forEach((value, index) => {
    const reason = draw(value)
    if (reason !== undefined) problems.push({ path: `/annotations/${index}`, reason })
  })
  const inputs = images.map((image, index): Input => {
    const drawing = drawn.get(image.id)!
    const covered = drawing.covered()
    if (covered > 0) {
      const reason = `later masks cover ${covered} pixels of earlier ones, which a label map cannot hold`
      problems.push({ path: `/images/${index}`, reason })
    }
    return {
      name: null,
      ending: null,
      kind: "image",
      url: image.coco_url ?? image.file_name ?? null,
      width: image.width,
      height: image.height,
      job,
      frame: images.length === 1 ? null : { id: String(image.id), index },
      shapes: drawing.shapes,
      mask: drawing.mask(),
      points: null,
      media: null
    }
  })
  return { inputs, problems }
}

/** As {@link read}, from the bytes of a document; undefined also if they are no JSON. */
export const parse = (bytes: Uint8Array, job: SampleJob): Read | undefined => {
  let document: unknown
  try {
    document = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"))
  } catch {
    return undefined
  }
  return read(document, job)
}

/** The annotations of one image. */
class Drawing {
  readonly shapes: Array<Shape> = []
  readonly #segments: Array<{ readonly shape: Shape; readonly counts: Rle.Counts }> = []
  readonly #image: Image

  constructor(image: Image) {
    this.#image = image
  }

  /** Adds an annotation, or says why it cannot be drawn. */
  add(annotation: Annotation, label: string): string | undefined {
    const { attributes = {}, bbox, keypoints, segmentation = [], track_id } = annotation
    const common = {
      label,
      attributes: JSON.stringify(attributes),
      track: track_id === undefined ? null : String(track_id),
      instance: null,
      keyFrame: null
    }
    const shape = (
      type: Shape["type"],
      points: ReadonlyArray<Point>,
      pointLabels: Shape["pointLabels"] = null
    ): Shape => ({
      type,
      points,
      pointLabels,
      ...common
    })
    if (!isParts(segmentation)) return this.#addRuns(segmentation, shape("segment", []))
    if (keypoints !== undefined && keypoints.some((value) => value !== 0)) {
      const places = pairs(keypoints, 3).map((point, index) => ({ point, label: index + 1 }))
        .filter((_, index) => keypoints[index * 3 + 2] !== 0)
      const points = places.map(({ point }) => this.#normal(point))
      this.shapes.push(shape("landmark", points, places.map(({ label }) => label)))
      return undefined
    }
    const parts = segmentation.filter(({ length }) => length >= 6)
    if (parts.length > 0) {
      for (const part of parts) this.shapes.push(shape("polygon", pairs(part, 2).map(this.#normal)))
      return undefined
    }
    if (bbox?.length !== 4) return "neither a box nor a segmentation"
    const [x, y, width, height] = bbox as unknown as readonly [number, number, number, number]
    const corners: ReadonlyArray<Point> = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    this.shapes.push(shape("rectangle", corners.map(this.#normal)))
    return undefined
  }

  readonly #normal = ([x, y]: Point): Point => [x / this.#image.width, y / this.#image.height]

  #addRuns({ counts: given }: { readonly counts: string | Rle.Counts }, shape: Shape): string | undefined {
    const counts = typeof given === "string" ? Rle.fromText(given) : given
    const { height, width } = this.#image
    const sum = counts.reduce((total, count) => total + (count >= 0 ? count : Number.NaN), 0)
    if (sum !== width * height) return "its runs are not as long as its image is large"
    if (Rle.area(counts) > 0) this.#segments.push({ shape, counts })
    return undefined
  }

  readonly #values = (): Uint16Array => {
    const { height, width } = this.#image
    const values = new Uint16Array(width * height)
    this.#segments.forEach(({ counts }, index) => Rle.paint(counts, values, width, height, index + 1))
    return values
  }

  /** Pixels of segments that later ones cover. */
  covered(): number {
    if (this.#segments.length < 2) return 0
    const all = this.#segments.reduce((sum, { counts }) => sum + Rle.area(counts), 0)
    return all - this.#values().reduce((sum, value) => value === 0 ? sum : sum + 1, 0)
  }

  /** The segments as one mask. Where they overlap, the later one is on top. */
  mask(): Mask | null {
    if (this.#segments.length === 0) return null
    const { height, width } = this.#image
    const entries = this.#segments.map(({ shape }) => shape)
    return { width, height, entries, hasStrays: false, read: Effect.sync(this.#values) }
  }
}

type Segmentation = NonNullable<Annotation["segmentation"]>

const isParts = (segmentation: Segmentation): segmentation is ReadonlyArray<ReadonlyArray<number>> =>
  Array.isArray(segmentation)

/** Returns the points in a list of numbers. Each point takes `each` numbers. */
const pairs = (values: ReadonlyArray<number>, each: 2 | 3): ReadonlyArray<Point> =>
  Array.from({ length: Math.floor(values.length / each) }, (_, i) => [values[i * each]!, values[i * each + 1]!])
