/**
 * A picture as polygons in pixels: what input images and masks are painted from, row by row. A pixel belongs to a polygon
 * that covers its center. Nothing here knows documents or file formats.
 */

/** A point in pixels, from the top left corner. */
export type Point = readonly [x: number, y: number]

/** A filled polygon; where it crosses itself, the non-zero rule holds, as in SVG and canvas. */
export interface Face {
  /** 0xAARRGGBB. */
  readonly color: number
  readonly points: ReadonlyArray<Point>
}

/** Faces are painted in order, later ones over earlier ones. */
export interface Scene {
  readonly width: number
  readonly height: number
  /** 0xAARRGGBB; 0 is transparent. */
  readonly background: number
  readonly faces: ReadonlyArray<Face>
}

/** How a file stores its rows and columns (EXIF): 6 is to be turned clockwise by a quarter, 8 the other way. */
export type Orientation = 1 | 6 | 8

/** The scene as a file of this orientation stores it: readers that turn it see the scene again. */
export const stored = (scene: Scene, orientation: Orientation): Scene => {
  if (orientation === 1) return scene
  const { faces, height, width } = scene
  const turn = orientation === 6
    ? ([x, y]: Point): Point => [y, width - x]
    : ([x, y]: Point): Point => [height - y, x]
  return {
    ...scene,
    width: height,
    height: width,
    faces: faces.map(({ color, points }) => ({ color, points: points.map(turn) }))
  }
}

/** A rectangle as a face. */
export const rectangle = (color: number, x0: number, y0: number, x1: number, y1: number): Face => ({
  color,
  points: [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
})

/** Paints one row after another into the same buffer. */
export interface Painter {
  /** The colors of the row painted last, as 0xAARRGGBB. */
  readonly row: Uint32Array
  /** Paints a row; false when it equals the row painted before, and so is there already. */
  readonly paint: (y: number) => boolean
  /** Positions in the row painted last, in order and from 0, between which the color is the same. */
  readonly starts: () => ReadonlyArray<number>
}

/** Numbers in a row that keeps its memory: painting a large picture would leave a heap of short lists otherwise. */
class Numbers {
  readonly values: Array<number> = []
  length = 0

  push(value: number): void {
    this.values[this.length++] = value
  }

  equals(other: Numbers): boolean {
    if (this.length !== other.length) return false
    for (let i = 0; i < this.length; i++) if (this.values[i] !== other.values[i]) return false
    return true
  }
}

/** Where the edges of a face cross a row, in order, each with its direction. */
class Crossings {
  readonly #xs: Array<number> = []
  readonly #directions: Array<number> = []
  #length = 0

  /** Adds the spans `from, to, color` of a face in the row whose centers are at `center`. */
  spans({ color, points }: Face, center: number, width: number, out: Numbers): void {
    this.#length = 0
    let [x0, y0] = points[points.length - 1] as Point
    for (let i = 0; i < points.length; i++) {
      const point = points[i] as Point
      const [x1, y1] = [point[0], point[1]]
      if (y0 <= center !== y1 <= center) this.#add(x0 + (center - y0) / (y1 - y0) * (x1 - x0), y1 > y0 ? 1 : -1)
      x0 = x1
      y0 = y1
    }
    let [winding, start] = [0, 0]
    for (let i = 0; i < this.#length; i++) {
      if (winding === 0) start = this.#xs[i] as number
      winding += this.#directions[i] as number
      if (winding !== 0) continue
      const from = Math.max(0, Math.ceil(start - 0.5))
      const to = Math.min(width, Math.ceil(this.#xs[i] as number - 0.5))
      if (from >= to) continue
      out.push(from)
      out.push(to)
      out.push(color)
    }
  }

  #add(x: number, direction: number): void {
    let at = this.#length++
    for (; at > 0 && (this.#xs[at - 1] as number) > x; at--) {
      this.#xs[at] = this.#xs[at - 1] as number
      this.#directions[at] = this.#directions[at - 1] as number
    }
    this.#xs[at] = x
    this.#directions[at] = direction
  }
}

/** Makes a painter of a scene. */
export const painter = (scene: Scene): Painter => {
  const { background, faces, width } = scene
  const bounded = faces.filter(({ points }) => points.length > 0).map((face) => ({
    face,
    top: Math.min(...face.points.map(([, y]) => y)),
    bottom: Math.max(...face.points.map(([, y]) => y))
  }))
  const row = new Uint32Array(width)
  const crossings = new Crossings()
  let [spans, before, isFirst] = [new Numbers(), new Numbers(), true]
  return {
    row,
    starts: () => {
      const all = [0]
      for (let i = 0; i < before.length; i += 3) all.push(before.values[i] as number, before.values[i + 1] as number)
      return all.sort((a, b) => a - b)
    },
    paint: (y) => {
      const center = y + 0.5
      spans.length = 0
      for (const { bottom, face, top } of bounded) {
        if (top <= center && bottom >= center) crossings.spans(face, center, width, spans)
      }
      if (!isFirst && spans.equals(before)) return false
      isFirst = false
      ;[spans, before] = [before, spans]
      row.fill(background)
      const { values } = before
      for (let i = 0; i < before.length; i += 3) row.fill(values[i + 2] as number, values[i], values[i + 1])
      return true
    }
  }
}

/** How many pixels have each color. */
export const countColors = (scene: Scene): ReadonlyMap<number, number> => {
  const { paint, row, starts } = painter(scene)
  const total = new Map<number, number>()
  let runs: ReadonlyArray<number> = []
  for (let y = 0; y < scene.height; y++) {
    if (paint(y)) runs = [...starts(), scene.width]
    for (let i = 1; i < runs.length; i++) {
      const [from, to] = [runs[i - 1] as number, runs[i] as number]
      if (from < to) total.set(row[from] as number, (total.get(row[from] as number) ?? 0) + to - from)
    }
  }
  return total
}
