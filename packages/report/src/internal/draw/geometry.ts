/** The geometry of a row as something that can be drawn. */
import type { AnnotationModel } from "@labelstream/core"

/** A point, by the width and height of the image, 0 to 1, origin top left. */
export type Point = readonly [x: number, y: number]

/** What is drawn of one annotation on an image. */
export interface Shape {
  readonly row: AnnotationModel.AnnotationRow
  /** `area` is closed and filled, `line` is open, `dots` are points alone, `edges` are pairs of points that are joined. */
  readonly kind: "area" | "line" | "dots" | "edges"
  readonly points: ReadonlyArray<Point>
  /** What each point is called; empty if they have no names, or where only some of the points are drawn. */
  readonly names: ReadonlyArray<string>
}

type Json = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** No image and no cloud reaches as far; larger numbers would overflow in what is reckoned with them. */
const reach = 1e12

const finite = (value: unknown): number | undefined =>
  typeof value === "number" && Math.abs(value) <= reach ? value : undefined

/** The value of a JSON text; undefined if it is invalid. */
export const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

const pointOf = (value: unknown): ReadonlyArray<Point> => {
  const [x, y] = Array.isArray(value) ? [finite(value[0]), finite(value[1])] : isObject(value)
    ? [finite(value["x"]), finite(value["y"])]
    : []
  return x === undefined || y === undefined ? [] : [[x, y]]
}

/** At most this many points of a line, evenly spread, with its first and last. */
const thinned = (points: ReadonlyArray<Point>, most: number): ReadonlyArray<Point> =>
  points.length <= most
    ? points
    : Array.from({ length: most }, (_, i) => points[Math.round(i * (points.length - 1) / (most - 1))] ?? [0, 0])

/** Most points that are drawn of one annotation. */
const pointLimit = 120

/** A 2D cuboid's form is not documented: draws its edges if it has some, otherwise its enclosing box. */
const cuboid = (row: AnnotationModel.AnnotationRow, object: unknown): Shape | undefined => {
  const points = isObject(object) && isObject(object["points"]) ? object["points"] : {}
  const edges = isObject(object) && isObject(object["edges"]) ? Object.values(object["edges"]) : []
  const ends = edges.slice(0, 24).flatMap((edge) => {
    if (!Array.isArray(edge)) return []
    const pair = edge.slice(0, 2).flatMap((name) => typeof name === "string" ? pointOf(points[name]) : [])
    return pair.length === 2 ? pair : []
  })
  return ends.length > 0 ? { row, kind: "edges", points: ends, names: [] } : enclosing(row)
}

const enclosing = (row: AnnotationModel.AnnotationRow): Shape | undefined => {
  const { x_max, x_min, y_max, y_min } = row
  if (x_min === null || y_min === null || x_max === null || y_max === null) return undefined
  if ([x_min, y_min, x_max, y_max].some((value) => finite(value) === undefined)) return undefined
  const points: ReadonlyArray<Point> = [[x_min, y_min], [x_max, y_min], [x_max, y_max], [x_min, y_max]]
  return { row, kind: "area", points, names: [] }
}

/** What to draw of a row on an image; undefined if it has no points in one. */
export const shapeOf = (row: AnnotationModel.AnnotationRow): Shape | undefined => {
  if (row.x_min === null) return undefined
  const geometry = parsed(row.geometry)
  if (row.type === "cuboid") return cuboid(row, geometry)
  const points = Array.isArray(geometry) ? geometry.flatMap(pointOf) : []
  if (points.length === 0) return undefined
  const kind = row.type === "landmark" || points.length === 1 ? "dots" : row.type === "line" ? "line" : "area"
  return { row, kind, points: thinned(points, pointLimit), names: namesOf(row, points.length) }
}

const namesOf = ({ point_labels: text }: AnnotationModel.AnnotationRow, points: number): ReadonlyArray<string> => {
  const names = text === null || points > pointLimit ? undefined : parsed(text)
  return Array.isArray(names) && names.length === points
    ? names.map((name) => typeof name === "string" ? name : "")
    : []
}

/** A 3D box seen from above, in the units of its point cloud. */
export interface Box {
  readonly row: AnnotationModel.AnnotationRow
  readonly x: number
  readonly y: number
  readonly length: number
  readonly width: number
  /** Angle about the upright axis, in radians. */
  readonly yaw: number
}

const first = (object: Json, names: ReadonlyArray<string>): unknown =>
  names.map((name) => object[name]).find((value) => value !== undefined && value !== null)

const numberIn = (value: unknown, ...names: ReadonlyArray<string>): number | undefined =>
  isObject(value) ? finite(first(value, names)) : undefined

const yawOf = (rotation: unknown): number => {
  const plain = finite(rotation)
  if (plain !== undefined) return plain
  const [w, x, y, z] = ["w", "x", "y", "z"].map((name) => numberIn(rotation, name) ?? 0) as [
    number,
    number,
    number,
    number
  ]
  if (numberIn(rotation, "w") !== undefined) return Math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
  return numberIn(rotation, "yaw", "z") ?? 0
}

/** A 3D box; its keys are not documented, so several spellings are taken. Undefined if its place is not found. */
export const boxOf = (row: AnnotationModel.AnnotationRow): Box | undefined => {
  const object = parsed(row.geometry)
  if (row.type !== "box_3d" || !isObject(object)) return undefined
  const center = first(object, ["center", "position", "location"])
  const size = first(object, ["dimensions", "size", "extent"])
  const [x, y] = [numberIn(center, "x"), numberIn(center, "y")]
  if (x === undefined || y === undefined) return undefined
  return {
    row,
    x,
    y,
    length: Math.abs(numberIn(size, "x", "length", "l") ?? 1),
    width: Math.abs(numberIn(size, "y", "width", "w") ?? 1),
    yaw: yawOf(first(object, ["rotation", "heading", "yaw"]))
  }
}
