/**
 * Ordered 2D points and their extent. Rectangles list `coordinates`, the other shapes name their points `{p1: {x, y}}`
 * and polygons close a ring with `edges` `{e1: [p1, p2]}` (documented). Coordinates are normalised to 0..1 by the
 * platform and taken as they are.
 */
import { digits, isObject, type JsonObject } from "./json.ts"

/** Where the readers below leave the extent of what they read; one is shared by all rows of a document. */
export class Extent {
  xMin = 0
  yMin = 0
  xMax = 0
  yMax = 0
  /** Whether a coordinate was -0, which `JSON.stringify` writes as 0. */
  hasMinusZero = false

  /** Begins an extent that holds no point. */
  reset() {
    this.xMin = Infinity
    this.yMin = Infinity
    this.xMax = -Infinity
    this.yMax = -Infinity
    this.hasMinusZero = false
  }

  /** Widens the extent by a point. */
  add(x: number, y: number) {
    if (x < this.xMin) this.xMin = x
    if (x > this.xMax) this.xMax = x
    if (y < this.yMin) this.yMin = y
    if (y > this.yMax) this.yMax = y
    if (x === 0 && Object.is(x, -0) || y === 0 && Object.is(y, -0)) this.hasMinusZero = true
  }
}

type Point = readonly [x: number, y: number]

/** The two numbers of a point `{x, y}` or, leniently, `[x, y]`, or undefined where they are not finite numbers. */
const pointOf = (value: unknown, extent: Extent): Point | undefined => {
  if (typeof value !== "object" || value === null) return undefined
  const isList = Array.isArray(value)
  const x: unknown = isList ? value[0] : (value as JsonObject)["x"]
  const y: unknown = isList ? value[1] : (value as JsonObject)["y"]
  if (typeof x !== "number" || typeof y !== "number" || !Number.isFinite(x) || !Number.isFinite(y)) return undefined
  extent.add(x, y)
  return [x, y]
}

/**
 * JSON text `[[x,y],...]` of a list of points, or undefined where one of them cannot be read or none is there.
 */
export const listedPoints = (points: ReadonlyArray<unknown>, extent: Extent): string | undefined => {
  extent.reset()
  const out: Array<Point> = []
  for (const value of points) {
    const point = pointOf(value, extent)
    if (point === undefined) return undefined
    out.push(point)
  }
  return pointsText(out, extent)
}

/**
 * The same of named points. With `edges` that form one ring through all of them the points are in the ring's order,
 * from the first edge on; otherwise in natural order of their names (p2 before p10).
 */
export const namedPoints = (points: JsonObject, edges: unknown, extent: Extent): string | undefined => {
  let names = Object.keys(points)
  if (!isNatural(names)) names = names.sort(naturalOrder)
  if (edges !== undefined && edges !== null) names = ring(names, edges) ?? names
  extent.reset()
  const out: Array<Point> = []
  for (const name of names) {
    const point = pointOf(points[name], extent)
    if (point === undefined) return undefined
    out.push(point)
  }
  return pointsText(out, extent)
}

// JSON.stringify makes one flat string; joining digits by hand is no faster and leaves the collector many small pieces.
const pointsText = (points: ReadonlyArray<Point>, { hasMinusZero }: Extent): string | undefined => {
  if (points.length === 0) return undefined
  return hasMinusZero ? `[${points.map(([x, y]) => `[${digits(x)},${digits(y)}]`).join(",")}]` : JSON.stringify(points)
}

/** The names in the order of the one ring that the edges draw through all of them, or undefined where they do not or need no other. */
const ring = (names: ReadonlyArray<string>, edges: unknown): Array<string> | undefined => {
  if (typeof edges !== "object" || edges === null) return undefined
  const list: ReadonlyArray<unknown> = Array.isArray(edges) ? edges : Object.values(edges)
  const size = names.length
  if (size < 3 || list.length !== size) return undefined
  if (isInOrder(names, list)) return undefined
  const neighbours = new Map<string, Array<string>>()
  for (const name of names) neighbours.set(name, [])
  let first: readonly [string, string] | undefined
  for (const edge of list) {
    if (!Array.isArray(edge) || edge.length !== 2) return undefined
    const [from, to] = edge as [unknown, unknown]
    if (typeof from !== "string" || typeof to !== "string" || from === to) return undefined
    const ofFrom = neighbours.get(from)
    const ofTo = neighbours.get(to)
    if (ofFrom === undefined || ofTo === undefined || ofFrom.length === 2 || ofTo.length === 2) return undefined
    ofFrom.push(to)
    ofTo.push(from)
    first ??= [from, to]
  }
  if (first === undefined) return undefined
  const [start, second] = first
  const order = [start]
  let before = start
  let current = second
  while (current !== start) {
    order.push(current)
    const [a, b] = neighbours.get(current)!
    const next = a === before ? b! : a!
    before = current
    current = next
  }
  return order.length === size ? order : undefined
}

/** Whether the edges run along the names as they are: the usual case, where nothing needs to be ordered. */
const isInOrder = (names: ReadonlyArray<string>, edges: ReadonlyArray<unknown>): boolean => {
  for (let i = 0; i < names.length; i++) {
    const edge = edges[i]
    if (!Array.isArray(edge) || edge.length !== 2 || edge[0] !== names[i]) return false
    if (edge[1] !== names[i + 1 === names.length ? 0 : i + 1]) return false
  }
  return true
}

const isNatural = (names: ReadonlyArray<string>): boolean => {
  for (let i = 1; i < names.length; i++) {
    if (naturalOrder(names[i - 1]!, names[i]!) > 0) return false
  }
  return true
}

/** Compares runs of digits as numbers and all else by code unit: p2 before p10. */
export const naturalOrder = (a: string, b: string): number => {
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(j)
    if (!isDigit(x) || !isDigit(y)) {
      if (x !== y) return x - y
      i++
      j++
      continue
    }
    while (i < a.length && a.charCodeAt(i) === 0x30) i++
    while (j < b.length && b.charCodeAt(j) === 0x30) j++
    const fromA = i
    const fromB = j
    while (i < a.length && isDigit(a.charCodeAt(i))) i++
    while (j < b.length && isDigit(b.charCodeAt(j))) j++
    if (i - fromA !== j - fromB) return (i - fromA) - (j - fromB)
    for (let k = 0; k < i - fromA; k++) {
      const difference = a.charCodeAt(fromA + k) - b.charCodeAt(fromB + k)
      if (difference !== 0) return difference
    }
  }
  const rest = (a.length - i) - (b.length - j)
  return rest !== 0 ? rest : a < b ? -1 : a > b ? 1 : 0
}

const isDigit = (code: number) => code >= 0x30 && code <= 0x39

/** Points of an object in whichever form it has them, or undefined where it has none that can be read. */
export const pointsOf = (annotation: JsonObject, followEdges: boolean, extent: Extent): string | undefined => {
  const coordinates = annotation["coordinates"]
  if (Array.isArray(coordinates)) return listedPoints(coordinates, extent)
  const points = annotation["points"]
  if (Array.isArray(points)) return listedPoints(points, extent)
  return isObject(points) ? namedPoints(points, followEdges ? annotation["edges"] : undefined, extent) : undefined
}
