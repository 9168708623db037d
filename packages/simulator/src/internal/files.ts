/**
 * Files of a job besides its document: masks, labels and point clouds that the document names, and its inputs. They are
 * made when they are asked for, from what the document says, and never kept.
 */
import { type Content, counts, imageSize, type Request, value, variantOf } from "./content.ts"
import * as Cloud from "./documents/cloud.ts"
import { cloud } from "./media/cloud.ts"
import * as Jpeg from "./media/jpeg.ts"
import { type NamedInput, namedInputs } from "./media/namedInputs.ts"
import { classColor, facesOf, hexColor, picture } from "./media/picture.ts"
import * as Png from "./media/png.ts"
import { countColors, type Orientation, type Scene, stored } from "./media/scene.ts"
import { segments } from "./media/segments.ts"
import { type Shape, shapesIn, type Size } from "./media/shapes.ts"
import * as PointCloud from "./pointCloud.ts"
import * as Random from "./random.ts"
import * as Urls from "./urls.ts"

/** A part other than the document. */
export type FilePart = Exclude<Urls.Part, { readonly _tag: "document" }>

/** What a mask or label file holds. */
export interface Truth {
  /** Pixels of a mask by the entry of its legend, or points by label key; unlabelled ones are left out. */
  readonly counts: Readonly<Record<string, number>>
  /** Size of a mask. */
  readonly size: Size | undefined
}

const whole = (type: string, bytes: Uint8Array): Content => ({ type, length: bytes.length, chunks: () => [bytes] })

type Legend = ReadonlyArray<readonly [color: string, name: string]>

/** Colors and names of a segmentation; empty for all other kinds. */
const legendOf = (document: unknown): Legend => {
  const { annotation_data: data, legend } = Object(document) as {
    readonly legend?: Readonly<Record<string, string>>
    readonly annotation_data?: { readonly legend?: Readonly<Record<string, string>> }
  }
  return Object.entries(legend ?? data?.legend ?? {})
}

const key = ({ place, revision, seed }: Request, salt: number): number =>
  Random.hash(seed, place.batch, place.index, salt, revision)

const street = (request: Request, legend: Legend, frame: number) =>
  segments(legend, imageSize(request), key(request, 8), frame)

/** The mask of a frame, counted from 1; 0 is the only one of an image. */
const maskScene = (request: Request, legend: Legend, number: number): Scene => ({
  ...imageSize(request),
  background: 0,
  faces: street(request, legend, Math.max(0, number - 1))
})

const labelKeys = (request: Request, part: FilePart): (index: number) => number => {
  const random = Random.make(key(request, part._tag === "labels" ? 9 + part.number : 9))
  const keys: Array<number> = []
  const below = part._tag === "labels" ? 3 : Cloud.legacyCount(variantOf(request))
  for (let i = 0; i < Cloud.pointCount; i++) keys.push(random.below(below))
  return (index) => keys[index] ?? 0
}

/** Makes a mask, a file of labels, or a labelled point cloud. */
export const nestedFile = (request: Request, part: Exclude<FilePart, { readonly _tag: "input" }>): Content => {
  if (part._tag === "mask") {
    return whole("image/png", Png.encode(maskScene(request, legendOf(value(request)), part.number), 4))
  }
  const keyOf = labelKeys(request, part)
  if (part._tag === "labels") return whole("application/octet-stream", PointCloud.labels(Cloud.pointCount, keyOf))
  const at = cloud(undefined, undefined, Random.make(key(request, 10)))
  return whole(
    "application/octet-stream",
    PointCloud.pcd(["x", "y", "z", "label_key"], Cloud.pointCount, (i) => [...at(i), String(keyOf(i))])
  )
}

/** Says what a mask or label file holds, without reading it. */
export const truth = (request: Request, part: Exclude<FilePart, { readonly _tag: "input" }>): Truth => {
  const counts: Record<string, number> = {}
  if (part._tag !== "mask") {
    const keyOf = labelKeys(request, part)
    for (let i = 0; i < Cloud.pointCount; i++) counts[keyOf(i)] = (counts[keyOf(i)] ?? 0) + 1
    // 0 means no label in the newer form, and for a class in the older one
    if (part._tag === "labels") delete counts["0"]
    return { counts, size: undefined }
  }
  const legend = legendOf(value(request))
  for (const [color, count] of countColors(maskScene(request, legend, part.number))) {
    const name = color === 0 ? undefined : legend.find(([hex]) => hex === hexColor(color))?.[1]
    if (name !== undefined) counts[name] = count
  }
  return { counts, size: imageSize(request) }
}

/** Files that a document of this kind names, input media left out. */
export const nested = (
  request: Request
): ReadonlyArray<{ readonly url: string; readonly part: Exclude<FilePart, { readonly _tag: "input" }> }> => {
  const urls = Urls.make(request.seed, request.place)
  const { frames } = counts(request)
  switch (request.kind) {
    case "image_segmentation":
      return [{ url: urls.mask, part: { _tag: "mask", number: 0 } }]
    case "video_segmentation":
      return Array.from({ length: frames }, (_, i) => ({
        url: urls.frameMask(i + 1),
        part: { _tag: "mask", number: i + 1 }
      }))
    case "point_cloud_segmentation_legacy":
      return [{ url: urls.pointCloud, part: { _tag: "pointCloud" } }]
    case "point_cloud_segmentation":
      return Array.from({ length: frames }, (_, i) => ({ url: urls.labels(i), part: { _tag: "labels", number: i } }))
    default:
      return []
  }
}

/** An input that a document names, and what it shows. */
export interface Input extends NamedInput {
  readonly contentType: string
  /** Pixels of an image as displayed; undefined for point clouds. */
  readonly size: Size | undefined
  /** EXIF orientation of a JPEG: 6 and 8 swap width and height. Undefined if there is no EXIF. */
  readonly orientation: Orientation | undefined
  /** What is painted for the annotations of this image, in order, later ones over earlier ones; segments are left out. */
  readonly shapes: ReadonlyArray<Shape & { readonly color: string }>
  /** Makes the file. */
  readonly bytes: () => Uint8Array
}

const orientations: ReadonlyArray<Orientation | undefined> = [undefined, 6, 1, 8, undefined, 6, 1, 8]

const imageScene = (request: Request, document: unknown, named: NamedInput, shapes: ReadonlyArray<Shape>): Scene => {
  const { place, seed } = request
  const street_ = street(request, legendOf(document), named.frameIndex ?? 0)
  return picture(imageSize(request), Random.hash(seed, place.batch, place.index, 16), [...street_, ...facesOf(shapes)])
}

const input = (request: Request, document: unknown, named: NamedInput): Input => {
  const { place, seed } = request
  if (named.kind === "point_cloud") {
    const random = (): Random.Random =>
      Random.make(Random.hash(seed, place.batch, place.index, 17, named.frameIndex ?? 0))
    return {
      ...named,
      contentType: "application/octet-stream",
      size: undefined,
      orientation: undefined,
      shapes: [],
      bytes: () => PointCloud.pcd(["x", "y", "z"], Cloud.pointCount, cloud(document, named.frameId, random()))
    }
  }
  const isJpeg = named.url.includes(".jpg")
  const orientation = isJpeg ? orientations[Random.hash(seed, place.batch, place.index, 18) % 8] : undefined
  const size = imageSize(request)
  const shapes = shapesIn(document, named, size)
  return {
    ...named,
    contentType: isJpeg ? "image/jpeg" : "image/png",
    size,
    orientation,
    shapes: shapes.map((shape) => ({ ...shape, color: hexColor(classColor(shape.label)) })),
    bytes: () => {
      const scene = imageScene(request, document, named, shapes)
      return isJpeg ? Jpeg.encode(stored(scene, orientation ?? 1), orientation) : Png.encode(scene, 3)
    }
  }
}

/** Lists the inputs that a job's document names, in its order. */
export const inputs = (request: Request): ReadonlyArray<Input> => {
  const document = value(request)
  return namedInputs(document).map((named) => input(request, document, named))
}

/** The file behind a part, or undefined if the job has none such. */
export const file = (request: Request, part: FilePart): Content | undefined => {
  if (part._tag !== "input") {
    const number = "number" in part ? part.number : 0
    const has = nested(request).some(({ part: one }) =>
      one._tag === part._tag && ("number" in one ? one.number : 0) === number
    )
    return has ? nestedFile(request, part) : undefined
  }
  const document = value(request)
  const url = Urls.make(request.seed, request.place, request.inputsAt).input(part.name)
  const named = namedInputs(document).find((one) => one.url === url)
  if (named === undefined) return undefined
  const { bytes, contentType } = input(request, document, named)
  return whole(contentType, bytes())
}
