/** A point cloud from above: boxes, and labeled points. */
import { type Html, html, shorten } from "../html.ts"
import type { Colors } from "./colors.ts"
import type { Box, Point } from "./geometry.ts"
import type { CloudPoint } from "./pcd.ts"
import { type Budget, drawing, fixed, type Size } from "./plane.ts"

const size: Size = { width: 520, height: 360 }

/** From the cloud's units to the drawing's, one scale for both axes, y upwards. */
interface Map2 {
  readonly x: (x: number) => number
  readonly y: (y: number) => number
  readonly scale: number
  readonly grid: Html
}

const step = (range: number): number => {
  const power = 10 ** Math.floor(Math.log10(range / 4))
  return [1, 2, 5, 10].map((n) => n * power).find((size) => range / size <= 5) ?? 10 * power
}

const ticks = (from: number, to: number, size: number): ReadonlyArray<number> =>
  Array.from(
    { length: Math.min(40, Math.floor(to / size) - Math.ceil(from / size) + 1) },
    (_, i) => (Math.ceil(from / size) + i) * size
  )

/** Shows all points, and no less than a piece of this length. */
const mapOf = (points: ReadonlyArray<Point>, least: number): Map2 => {
  const { height, width } = size
  const [x0, x1, y0, y1] = points.reduce(
    ([x0, x1, y0, y1], [x, y]) => [Math.min(x0, x), Math.max(x1, x), Math.min(y0, y), Math.max(y1, y)],
    [Infinity, -Infinity, Infinity, -Infinity]
  )
  const range = Math.max((x1 - x0) / width, (y1 - y0) / height, least / width) * 1.16
  const [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2]
  const x = (value: number) => width / 2 + (value - cx) / range
  const y = (value: number) => height / 2 - (value - cy) / range
  const apart = step(range * width)
  const name = (value: number) => String(Number(value.toPrecision(6)))
  const columns = ticks(cx - range * width / 2, cx + range * width / 2, apart)
  const rows = ticks(cy - range * height / 2, cy + range * height / 2, apart)
  const grid = html`<path class="grid" d="${
    columns.map((at) => `M${fixed(x(at))} 0V${height}`).join("") + rows.map((at) =>
      `M0 ${fixed(y(at))}H${width}`
    ).join("")
  }"/>${columns.map((at) => html`<text class="axis" x="${fixed(x(at) + 3)}" y="${height - 5}">${name(at)}</text>`)}${
    rows.filter((at) => y(at) > 16).map((at) =>
      html`<text class="axis" x="3" y="${fixed(y(at) - 3)}">${name(at)}</text>`
    )
  }`
  return { x, y, scale: 1 / range, grid }
}

const cornersOf = ({ length, width, x, y, yaw }: Box): ReadonlyArray<Point> => {
  const [cos, sin] = [Math.cos(yaw), Math.sin(yaw)]
  return [[1, 1], [1, -1], [-1, -1], [-1, 1]].map(([forward = 0, side = 0]): Point => {
    const [dx, dy] = [forward * length / 2, side * width / 2]
    return [x + dx * cos - dy * sin, y + dx * sin + dy * cos]
  })
}

const outline = (points: ReadonlyArray<Point>, map: Map2): string =>
  points.map(([x, y]) => `${fixed(map.x(x))} ${fixed(map.y(y))}`).join("L")

/** Draws boxes: those of the first frame full, those of later frames faint, with the path of each object. */
export const boxes = (all: ReadonlyArray<Box>, frame: string | null, colors: Colors, budget: Budget): Html => {
  const drawn = all.filter(() => budget.take(5))
  const map = mapOf(drawn.flatMap(cornersOf), 4 * Math.max(1e-6, ...drawn.map(({ length }) => length)))
  const tracks = Map.groupBy(drawn.filter(({ row }) => row.track_id !== null), ({ row }) => row.track_id)
  const ways = Array.from(tracks.values()).filter((some) => some.length > 1).map((some) =>
    html`<path class="faint" d="M${outline(some.map(({ x, y }): Point => [x, y]), map)}"/>`
  )
  const now = drawn.filter(({ row }) => row.frame_id === frame)
  const shape = (box: Box): Html => {
    const isNow = box.row.frame_id === frame
    const front = [box.x + Math.cos(box.yaw) * box.length / 2, box.y + Math.sin(box.yaw) * box.length / 2] as const
    return html`<g class="${colors.draw(box.row)}${now.length > 40 ? " dense" : ""}"><title>${
      shorten(box.row.label, 60) || "no label"
    }</title><path class="${isNow ? "fill" : "faint"}" d="M${outline(cornersOf(box), map)}Z"/>${
      isNow ? html`<path d="M${outline([[box.x, box.y], front], map)}"/>` : null
    }</g>`
  }
  const names = now.length > 12 ?
    [] :
    now.map(({ row, x, y }) =>
      html`<text x="${fixed(Math.min(map.x(x) + 8, size.width - 60))}" y="${fixed(map.y(y) - 8)}">${
        shorten(row.label, 18)
      }</text>`
    )
  const objects = Map.groupBy(drawn, ({ row }) => shorten(row.label, 40) || "no label")
  const said = Array.from(objects, ([label, some]) => `${some.length} \u00d7 ${label}`).slice(0, 8).join(", ")
  return drawing(
    size,
    `3D boxes from above: ${said}`,
    html`${map.grid}<g class="c9">${ways}</g>${drawn.map(shape)}${names}`
  )
}

/** Draws labeled points; `colorOf` gives the class of a label key's color. */
export const points = (cloud: ReadonlyArray<CloudPoint>, colorOf: (key: number) => string): Html => {
  const map = mapOf(cloud.map(({ x, y }): Point => [x, y]), 1e-6)
  const byColor = Map.groupBy(cloud, ({ key }) => colorOf(key))
  const dots = Array.from(
    byColor,
    ([color, some]) =>
      html`<g class="${color}"><path stroke-width="3" d="${
        some.map(({ x, y }) => `M${fixed(map.x(x))} ${fixed(map.y(y))}h0`).join("")
      }"/></g>`
  )
  return drawing(size, `${cloud.length} labeled points from above`, html`${map.grid}${dots}`)
}
