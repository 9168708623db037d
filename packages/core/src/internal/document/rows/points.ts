/**
 * Ordered 2D points and their extent. Rectangles list `coordinates`, the other shapes name their points `{p1: {x, y}}`
 * and polygons close a ring with `edges` `{e1: [p1, p2]}` (documented). Coordinates are normalized to 0..1 by the
 * platform and taken as they are.
 */
import { digits, isContainer, isObject, type JsonObject, nearest, stringify } from "../json.ts"
import { decimalText } from "./decimals.ts"

/** The extent of the points last read; one is shared by all rows of a document. */
export class Extent {
  xMin = 0
  yMin = 0
  xMax = 0
  yMax = 0

  /** Reads points, and says whether there are any and each is `{x, y}` or, leniently, `[x, y]` of finite numbers. */
  read(points: ReadonlyArray<unknown>): boolean {
    let xMin = Infinity
    let yMin = Infinity
    let xMax = -Infinity
    let yMax = -Infinity
    for (let i = 0; i < points.length; i++) {
      const point = points[i]
      if (!isContainer(point)) return false
      const x = nearest(xOf(point))
      const y = nearest(yOf(point))
      if (!Number.isFinite(x) || !Number.isFinite(y)) return false
      if (x < xMin) xMin = x
      if (x > xMax) xMax = x
      if (y < yMin) yMin = y
      if (y > yMax) yMax = y
    }
    this.xMin = xMin
    this.yMin = yMin
    this.xMax = xMax
    this.yMax = yMax
    return points.length > 0
  }
}

const xOf = (point: object): unknown => Array.isArray(point) ? point[0] : (point as JsonObject)["x"]
const yOf = (point: object): unknown => Array.isArray(point) ? point[1] : (point as JsonObject)["y"]

/** JSON text `[[x,y],...]` of points that an {@link Extent} could read. */
export const pointsText = (points: ReadonlyArray<unknown>): string => {
  const pairs: Array<string> = []
  for (let i = 0; i < points.length; i++) {
    const point = points[i] as object
    const x = decimalText(xOf(point))
    const y = decimalText(yOf(point))
    if (x === undefined || y === undefined) return anyPointsText(points)
    pairs.push(x + "," + y)
  }
  // Joined they are one flat string: rows wait by the thousand, and one added up would keep all its pieces that long.
  return `[[${pairs.join("],[")}]]`
}

/** JSON text of the points' labels in their order, null if none has one. */
export const labelsText = (points: ReadonlyArray<unknown>): string | null => {
  const labels = points.map((point) => isObject(point) ? point["label"] ?? null : null)
  return labels.every((label) => label === null) ? null : stringify(labels)
}

const anyPointsText = (points: ReadonlyArray<unknown>): string => {
  const pairs: Array<readonly [x: unknown, y: unknown]> = []
  let isPlain = true
  for (let i = 0; i < points.length; i++) {
    const point = points[i] as object
    const x = xOf(point)
    const y = yOf(point)
    if (!isOwn(x) || !isOwn(y)) isPlain = false
    pairs.push([x, y])
  }
  return isPlain ? JSON.stringify(pairs) : `[${pairs.map(([x, y]) => `[${digits(x)},${digits(y)}]`).join(",")}]`
}

/** Whether `JSON.stringify` writes a number as it was: -0 becomes 0. */
const isOwn = (value: unknown): boolean => typeof value === "number" && !Object.is(value, -0)

/**
 * With `edges` that form one ring through all of them the points are in the ring's order, from the first edge on;
 * otherwise in natural order of their names (p2 before p10).
 */
const namedPoints = (points: JsonObject, edges: unknown): ReadonlyArray<unknown> => {
  const names = Object.keys(points)
  const natural = isNatural(names)
  if (!natural) names.sort(naturalOrder)
  const order = edges === undefined || edges === null ? undefined : ring(names, edges)
  if (order === undefined && natural) return Object.values(points)
  return (order ?? names).map((name) => points[name])
}

/** The names in the order of the one ring that the edges draw through all of them, or undefined if they do not or need no other. */
const ring = (names: ReadonlyArray<string>, edges: unknown): Array<string> | undefined => {
  if (!isContainer(edges)) return undefined
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

/** Whether the edges follow the order of the names: the usual case, which needs no sorting. */
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

/**
 * Points of an object in order, in whichever form it has them, or undefined if it has none. The points are not checked.
 */
export const pointsOf = (annotation: JsonObject, followEdges: boolean): ReadonlyArray<unknown> | undefined => {
  const coordinates = annotation["coordinates"]
  if (Array.isArray(coordinates)) return coordinates
  const points = annotation["points"]
  if (Array.isArray(points)) return points
  return isObject(points) ? namedPoints(points, followEdges ? annotation["edges"] : undefined) : undefined
}
