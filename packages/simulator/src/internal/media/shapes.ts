/** Finds what a document's annotations cover in one of its images. It reads the document itself, so both always agree. */
import type { NamedInput } from "./namedInputs.ts"
import type { Point } from "./scene.ts"

/** Pixels of an image as displayed. */
export interface Size {
  readonly width: number
  readonly height: number
}

/** What an annotation covers in an image, in pixels as displayed. */
export interface Shape {
  readonly type: "rectangle" | "polygon" | "line" | "cuboid" | "landmark"
  readonly label: string
  /** The points of the annotation, in its order. */
  readonly points: ReadonlyArray<Point>
  /** Polygons that are painted: a line has some width, and a landmark is a square at each point. */
  readonly faces: ReadonlyArray<ReadonlyArray<Point>>
}

interface Annotation {
  readonly label: string
  readonly coordinates?: ReadonlyArray<Coordinate>
  readonly points?: Readonly<Record<string, Coordinate & { readonly label?: number }>>
  readonly edges?: Readonly<Record<string, unknown>>
  readonly frame_id?: string
  readonly sensor_id?: string
}

interface Coordinate {
  readonly x: number
  readonly y: number
}

/** Annotations that have an extent in an image, with the frame under whose name they are listed, if so. */
function* annotationsIn(value: unknown, frameId: string | undefined): Generator<Annotation> {
  if (typeof value !== "object" || value === null) return
  if ("label" in value && ("coordinates" in value || "points" in value)) {
    yield { ...(frameId === undefined ? {} : { frame_id: frameId }), ...(value as unknown as Annotation) }
    return
  }
  for (const [key, one] of Object.entries(value)) {
    if (key !== "frames" || Array.isArray(one)) yield* annotationsIn(one, frameId)
    else for (const [frame, annotation] of Object.entries(Object(one))) yield* annotationsIn(annotation, frame)
  }
}

const cuboidFaces = [[0, 1, 2, 3], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]]

const square = ([x, y]: Point, half: number): ReadonlyArray<Point> => [
  [x - half, y - half],
  [x + half, y - half],
  [x + half, y + half],
  [x - half, y + half]
]

/** A segment with some width. It ends at its points. */
const stroke = ([x0, y0]: Point, [x1, y1]: Point, half: number): ReadonlyArray<Point> => {
  const length = Math.hypot(x1 - x0, y1 - y0) || 1
  const [dx, dy] = [(y1 - y0) / length * half, (x0 - x1) / length * half]
  return [[x0 + dx, y0 + dy], [x1 + dx, y1 + dy], [x1 - dx, y1 - dy], [x0 - dx, y0 - dy]]
}

const facesOf = (type: Shape["type"], points: ReadonlyArray<Point>, size: Size): Shape["faces"] => {
  const unit = Math.min(size.width, size.height) / 240
  switch (type) {
    case "rectangle":
    case "polygon":
      return [points]
    case "line":
      return points.slice(1).map((point, i) => stroke(points[i] as Point, point, Math.max(1, unit)))
    case "landmark":
      return points.map((point) => square(point, Math.max(1.5, unit * 2)))
    case "cuboid":
      return cuboidFaces.map((corners) => corners.map((i) => points[i] as Point))
  }
}

const typeOf = ({ coordinates, edges, points }: Annotation): Shape["type"] =>
  coordinates !== undefined
    ? "rectangle"
    : edges !== undefined
    ? Object.keys(edges).length === 12 && Object.keys(points ?? {}).length === 8 ? "cuboid" : "polygon"
    : points?.["p1"]?.label === undefined
    ? "line"
    : "landmark"

const shapeOf = (annotation: Annotation, size: Size): Shape => {
  const type = typeOf(annotation)
  const coordinates = annotation.coordinates ?? Object.values(annotation.points ?? {})
  const points = coordinates.map(({ x, y }): Point => [x * size.width, y * size.height])
  return { type, label: annotation.label, points, faces: facesOf(type, points, size) }
}

interface Coco {
  readonly annotations: ReadonlyArray<
    { readonly category_id: number; readonly bbox: readonly [number, number, number, number] } | string
  >
  readonly categories: ReadonlyArray<{ readonly id: number; readonly name: string }>
}

const cocoShapes = ({ annotations, categories }: Coco): ReadonlyArray<Shape> =>
  annotations.flatMap((one): ReadonlyArray<Shape> => {
    if (typeof one === "string") return []
    const [x, y, w, h] = one.bbox
    const points: ReadonlyArray<Point> = [[x, y], [x + w, y], [x + w, y + h], [x, y + h]]
    const label = categories.find(({ id }) => id === one.category_id)?.name ?? ""
    return [{ type: "rectangle", label, points, faces: [points] }]
  })

/**
 * Lists what a document's annotations cover in one of its images, in document order. A classification covers nothing,
 * and padding is not seen.
 */
export const shapesIn = (document: unknown, { frameId, sensorId }: NamedInput, size: Size): ReadonlyArray<Shape> => {
  if (Object.hasOwn(Object(document), "categories")) return cocoShapes(document as Coco)
  const out: Array<Shape> = []
  for (const annotation of annotationsIn(document, undefined)) {
    if (annotation.frame_id !== frameId || annotation.sensor_id !== sensorId || annotation.label === "image") continue
    out.push(shapeOf(annotation, size))
  }
  return out
}
