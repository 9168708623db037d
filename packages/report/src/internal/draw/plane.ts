/** Annotations on an image: above the image itself if it is stored, otherwise in its frame. */
import type { JobSink } from "@labelstream/core"
import { type Html, html, shorten } from "../html.ts"
import { typeName } from "../sections/parts.ts"
import type { Colors } from "./colors.ts"
import type { Point, Shape } from "./geometry.ts"
import type { Picture } from "./picture.ts"

/** How large a drawing is, in its own units: text is 11 high. A page shows it as large, or as large as it has room. */
export type Size = JobSink.Size

/** What is known of the image below a drawing. */
export interface Below {
  /** The form of the image, null if it is not known. */
  readonly size: Size | null
  /** The image itself, undefined if it is not shown. */
  readonly picture?: Picture | undefined
}

/** The only drawing of a job, at most. */
export const single: Size = { width: 520, height: 480 }
/** One of several frames side by side, at most. */
export const small: Size = { width: 208, height: 370 }

/** An image as large as it fits. Unknown proportions count as 4:3, as most cameras have. */
export const fit = (image: Size | null, within: Size): Size => {
  const { height, width } = image ?? { width: 4, height: 3 }
  const scale = Math.min(within.width / width, within.height / height)
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}

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

  /** A share of the room, so that what is drawn first does not take all. */
  part(of: number): Budget {
    return new Budget(this.points / of, this.shapes / of, this)
  }

  /** Whether there is room for an annotation with this many points. */
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

/** Whether all points are fractions of an image, or nearly. */
const areFractions = (points: ReadonlyArray<Point>): boolean =>
  points.every(([x, y]) => x >= -0.5 && x <= 1.5 && y >= -0.5 && y <= 1.5)

/** The rectangle of all points, if they are not fractions of an image. */
const around = (
  points: ReadonlyArray<Point>
): { readonly x: number; readonly y: number; readonly w: number; readonly h: number } => {
  const [x0, x1, y0, y1] = points.reduce(
    ([x0, x1, y0, y1], [x, y]) => [Math.min(x0, x), Math.max(x1, x), Math.min(y0, y), Math.max(y1, y)],
    [0, 1, 0, 1]
  )
  return { x: x0, y: y0, w: Math.max(x1 - x0, 1e-9), h: Math.max(y1 - y0, 1e-9) }
}

const all = { x: 0, y: 0, w: 1, h: 1 }

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
  html`<svg class="draw" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${said}">${body}</svg>`

/**
 * Something as large as an image, above the image. The image is stretched to it, so that shapes lie right however a browser
 * turns an image by the file's EXIF orientation.
 */
export const above = (picture: Picture, top: Html): Html =>
  html`<div class="over"><img class="below" decoding="async" src="${picture.url}" alt="">${top}</div>`

const join = (points: ReadonlyArray<Point>): string => points.map(([x, y]) => `${fixed(x)} ${fixed(y)}`).join("L")

const marks = ({ kind, names, points }: Shape): Html => {
  switch (kind) {
    case "area":
      return html`<path class="fill" d="M${join(points)}Z"/>`
    case "line":
      return html`<path d="M${join(points)}"/>`
    case "dots":
      return html`${
        points.map(([x, y], at) => {
          const place = html`<circle class="dot" cx="${fixed(x)}" cy="${fixed(y)}" r="3.5"`
          const name = names[at] ?? ""
          return name === "" ? html`${place}/>` : html`${place}><title>${shorten(name, 60)}</title></circle>`
        })
      }`
    case "edges": {
      const lines = points.flatMap((from, at) => at % 2 === 0 ? [`M${join([from, points[at + 1] ?? from])}`] : [])
      return html`<path d="${lines.join("")}"/>`
    }
  }
}

// More would cover each other.
const namedShapes = 12
// More of them on top of each other would make one dark field.
const denseShapes = 40

/** A text at a place, to its right if there is room for it. */
const textAt = (text: string, [x, y]: Point, { height, width }: Size, letter: number, kind: string): Html => {
  const isRoom = x + letter * text.length < width
  return html`<text class="${isRoom ? kind : `${kind} before`}" x="${
    fixed(isRoom ? Math.max(3, x) : Math.min(x, width) - 3)
  }" y="${fixed(Math.max(12, Math.min(y, height - 4)))}">${text}</text>`
}

const caption = ({ points, row }: Shape, size: Size): Html | null => {
  if (row.label === "" || points.length === 0) return null
  const [x, y] = points.reduce((top, point) => point[1] < top[1] ? point : top)
  const bottom = Math.max(...points.map(([, y]) => y))
  return textAt(
    shorten(row.label, 18),
    [x, y < 16 && bottom < size.height / 2 ? bottom + 13 : y - 4],
    size,
    10,
    "label"
  )
}

/** Most points whose names are written at them: more would cover each other. */
const namedPoints = 24

const pointNames = ({ names, points }: Shape, size: Size): ReadonlyArray<Html> =>
  names.length > namedPoints ? [] : points.flatMap(([x, y], at) => {
    const name = shorten(names[at] ?? "", 18)
    return name === "" ? [] : [textAt(name, [x + 6, y + 3], size, 8, "name")]
  })

const counted = (shapes: ReadonlyArray<Shape>): string =>
  Array.from(Map.groupBy(shapes, ({ row }) => `${shorten(row.label, 40) || "no label"} (${typeName(row.type)})`))
    .slice(0, 8)
    .map(([name, some]) => some.length === 1 ? name : `${some.length} \u00d7 ${name}`)
    .join(", ")

/** Draws the annotations of one frame, above its image if that is shown. */
export const plane = (
  shapes: ReadonlyArray<Shape>,
  size: Size & Pick<Below, "picture">,
  colors: Colors,
  budget: Budget
): Html => {
  const drawn = shapes.filter(({ points }) => budget.take(points.length))
  const points = drawn.flatMap(({ points }) => points)
  const isOnImage = areFractions(points)
  const view = isOnImage ? all : around(points)
  const placed = drawn.map((shape): Shape => ({
    ...shape,
    points: shape.points.map(([x, y]) => [size.width * (x - view.x) / view.w, size.height * (y - view.y) / view.h])
  }))
  const density = drawn.length > denseShapes ? " dense" : ""
  const said = drawn.length === 0 ? "An image on which nothing is drawn" : counted(drawn)
  const picture = isOnImage ? size.picture : undefined
  const body = drawing(
    size,
    said,
    html`${picture === undefined ? thirds(size) : null}${
      placed.map((shape) =>
        html`<g class="${colors.draw(shape.row)}${density}"><title>${shorten(shape.row.label, 60) || "no label"}, ${
          typeName(shape.row.type)
        }</title>${marks(shape)}</g>`
      )
    }${
      placed.length > namedShapes
        ? null
        : html`${
          placed.flatMap((shape) => [...pointNames(shape, size), caption(shape, size)]).filter((text) => text !== null)
        }`
    }`
  )
  return picture === undefined ? body : above(picture, body)
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
