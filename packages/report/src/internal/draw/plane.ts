/** Annotations on an image, whose pixels are not here: the frame of it, with what was drawn on it. */
import { type Html, html, shorten } from "../html.ts"
import { typeName } from "../sections/parts.ts"
import type { Colors } from "./colors.ts"
import type { Point, Shape } from "./geometry.ts"

/** How large a drawing is, in its own units: text is 11 high. */
export interface Size {
  readonly width: number
  readonly height: number
}

/** Results do not say how large an image is: most cameras' form stands for all. */
export const single: Size = { width: 440, height: 330 }
/** One of several frames side by side. */
export const small: Size = { width: 208, height: 156 }

/** How much may be drawn of one job, so that a page of many jobs stays small. */
export class Budget {
  /** Annotations that found no room. */
  skipped = 0
  private points: number
  private shapes: number
  private readonly whole: Budget | undefined

  constructor(points = 6000, shapes = 400, whole?: Budget) {
    this.points = points
    this.shapes = shapes
    this.whole = whole
  }

  /** One of so many equal parts: what is drawn first does not take all. */
  part(of: number): Budget {
    return new Budget(this.points / of, this.shapes / of, this)
  }

  /** Whether there is room for an annotation of so many points. */
  take(points: number): boolean {
    if (this.points < points || this.shapes < 1) {
      this.skip()
      return false
    }
    this.points -= points
    this.shapes--
    return true
  }

  private skip(): void {
    this.skipped++
    this.whole?.skip()
  }
}

/** Where the image is to be seen: all of it, or all points where these are not fractions of an image. */
const viewOf = (
  points: ReadonlyArray<Point>
): { readonly x: number; readonly y: number; readonly w: number; readonly h: number } => {
  const [x0, x1, y0, y1] = points.reduce(
    ([x0, x1, y0, y1], [x, y]) => [Math.min(x0, x), Math.max(x1, x), Math.min(y0, y), Math.max(y1, y)],
    [0, 1, 0, 1]
  )
  const isFraction = x0 >= -0.5 && x1 <= 1.5 && y0 >= -0.5 && y1 <= 1.5
  return isFraction
    ? { x: 0, y: 0, w: 1, h: 1 }
    : { x: x0, y: y0, w: Math.max(x1 - x0, 1e-9), h: Math.max(y1 - y0, 1e-9) }
}

/** A coordinate as short text; what is far outside is put at a distance that every browser takes. */
export const fixed = (value: number): string =>
  String(Math.round(Math.max(-99_999, Math.min(99_999, value || 0)) * 10) / 10)

/** The light lines behind a drawing: thirds of the image. */
const thirds = ({ height, width }: Size): Html =>
  html`<path class="grid" d="M${fixed(width / 3)} 0V${height}M${fixed(2 * width / 3)} 0V${height}M0 ${
    fixed(height / 3)
  }H${width}M0 ${fixed(2 * height / 3)}H${width}"/>`

/** A drawing with what it shows in words. */
export const drawing = ({ height, width }: Size, said: string, body: Html): Html =>
  html`<svg class="draw" viewBox="0 0 ${width} ${height}" role="img" aria-label="${said}">${body}</svg>`

const join = (points: ReadonlyArray<Point>): string => points.map(([x, y]) => `${fixed(x)} ${fixed(y)}`).join("L")

const marks = ({ kind, points }: Shape): Html => {
  switch (kind) {
    case "area":
      return html`<path class="fill" d="M${join(points)}Z"/>`
    case "line":
      return html`<path d="M${join(points)}"/>`
    case "dots":
      return html`${points.map(([x, y]) => html`<circle class="dot" cx="${fixed(x)}" cy="${fixed(y)}" r="3.5"/>`)}`
    case "edges": {
      const lines = points.flatMap((from, at) => at % 2 === 0 ? [`M${join([from, points[at + 1] ?? from])}`] : [])
      return html`<path d="${lines.join("")}"/>`
    }
  }
}

// More would cover each other.
const namedShapes = 12
// As many on top of each other would make one dark field.
const denseShapes = 40

const caption = (shape: Shape, { height, width }: Size): Html | null => {
  if (shape.row.label === "") return null
  const text = shorten(shape.row.label, 18)
  const x = Math.min(...shape.points.map(([x]) => x))
  const y = Math.min(...shape.points.map(([, y]) => y))
  const left = Math.max(3, Math.min(x, width - 7 * text.length))
  return html`<text x="${fixed(left)}" y="${fixed(Math.max(12, Math.min(y - 4, height - 4)))}">${text}</text>`
}

const counted = (shapes: ReadonlyArray<Shape>): string =>
  Array.from(Map.groupBy(shapes, ({ row }) => `${shorten(row.label, 40) || "no label"} (${typeName(row.type)})`))
    .slice(0, 8)
    .map(([name, some]) => some.length === 1 ? name : `${some.length} \u00d7 ${name}`)
    .join(", ")

/** Draws the annotations of one frame. */
export const plane = (shapes: ReadonlyArray<Shape>, size: Size, colors: Colors, budget: Budget): Html => {
  const drawn = shapes.filter(({ points }) => budget.take(points.length))
  const view = viewOf(drawn.flatMap(({ points }) => points))
  const placed = drawn.map((shape): Shape => ({
    ...shape,
    points: shape.points.map(([x, y]) => [size.width * (x - view.x) / view.w, size.height * (y - view.y) / view.h])
  }))
  const density = drawn.length > denseShapes ? " dense" : ""
  const said = drawn.length === 0 ? "No annotation" : counted(drawn)
  return drawing(
    size,
    said,
    html`${thirds(size)}${
      placed.map((shape) =>
        html`<g class="${colors.draw(shape.row)}${density}"><title>${shorten(shape.row.label, 60) || "no label"}, ${
          typeName(shape.row.type)
        }</title>${marks(shape)}</g>`
      )
    }${
      placed.length > namedShapes
        ? null
        : html`${placed.map((shape) => caption(shape, size)).filter((text) => text !== null)}`
    }`
  )
}

/** Draws where objects went: the middle of each, from frame to frame. */
export const paths = (frames: ReadonlyArray<ReadonlyArray<Shape>>, size: Size, colors: Colors): Html | null => {
  const tracks = Map.groupBy(
    frames.flat().filter(({ row }) => row.track_id !== null),
    ({ row }) => row.track_id
  )
  const moving = Array.from(tracks.values()).filter((shapes) => shapes.length > 1).slice(0, 20)
  if (moving.length === 0) return null
  const lines = moving.map((shapes) => {
    const points = shapes.slice(0, 200).map(({ row }): Point => [
      size.width * ((row.x_min ?? 0) + (row.x_max ?? 0)) / 2,
      size.height * ((row.y_min ?? 0) + (row.y_max ?? 0)) / 2
    ])
    const [x, y] = points.at(-1) ?? [0, 0]
    const [shape] = shapes
    return html`<g class="${shape === undefined ? "c0" : colors.of(shape.row)}"><path d="M${join(points)}"/>${
      points.slice(0, -1).map(([x, y]) => html`<circle class="dot" cx="${fixed(x)}" cy="${fixed(y)}" r="2.2"/>`)
    }<circle class="dot" cx="${fixed(x)}" cy="${fixed(y)}" r="5"/></g>`
  })
  return drawing(size, `Paths of ${moving.length} objects through the frames`, html`${thirds(size)}${lines}`)
}
