/** The images of a job: one large drawing, or some of many frames side by side, with what moved between them. */
import type { AnnotationModel } from "@labelstream/core"
import * as format from "../format.ts"
import { type Html, html } from "../html.ts"
import { foreign } from "../sections/parts.ts"
import type { Colors } from "./colors.ts"
import { type Shape, shapeOf } from "./geometry.ts"
import { type Budget, paths, plane, single, small } from "./plane.ts"
import { timeline } from "./timeline.ts"

/** The annotations of one image. */
export interface Frame {
  readonly name: string | null
  readonly sensor: string | null
  readonly shapes: ReadonlyArray<Shape>
}

const frameLimit = 4

/** Orders names as people do: `frame2` before `frame10`. */
export const inOrder = new Intl.Collator("en", { numeric: true })

/** The images that a job's annotations are on, in order. */
export const framesOf = (rows: ReadonlyArray<AnnotationModel.AnnotationRow>): ReadonlyArray<Frame> => {
  const shapes = rows.flatMap((row) => shapeOf(row) ?? [])
  return Array.from(
    Map.groupBy(shapes, ({ row }) => JSON.stringify([row.sensor_id, row.frame_id])),
    ([key, shapes]) => {
      const [sensor, name] = JSON.parse(key) as [string | null, string | null]
      return { key, name, sensor, shapes }
    }
  ).sort((a, b) =>
    inOrder.compare(a.sensor ?? "", b.sensor ?? "") || inOrder.compare(a.name ?? "", b.name ?? "") ||
    (a.key < b.key ? -1 : 1)
  )
}

/** Some of many, evenly spread, with the first and the last. */
const spread = <A>(all: ReadonlyArray<A>, most: number): ReadonlyArray<A> => {
  const places = Array.from({ length: most }, (_, i) => Math.round(i * (all.length - 1) / (most - 1)))
  return all.length <= most ? all : all.filter((_, at) => places.includes(at))
}

/** A drawing with what stands below it. */
export const figure = (drawn: Html, caption: Html | null): Html =>
  html`<figure>${drawn}${caption === null ? null : html`<figcaption>${caption}</figcaption>`}</figure>`

/** A frame's name for people. */
export const frameName = (name: string): Html =>
  /^frame/i.test(name) ? foreign(name, 40) : html`Frame ${foreign(name, 40)}`

const nameOf = ({ name, sensor }: Frame): Html | null => {
  if (name === null && sensor === null) return null
  const parts = [...(name === null ? [] : [frameName(name)]), ...(sensor === null ? [] : [foreign(sensor, 40)])]
  return html`${parts.map((part, at) => at === 0 ? part : html`, ${part}`)}`
}

/** The only image of a job. */
export const oneImage = (frame: Frame, colors: Colors, budget: Budget): Html =>
  figure(plane(frame.shapes, single, colors, budget), nameOf(frame))

/** Some of many frames, where their objects went, and when they are seen. */
export const sequence = (frames: ReadonlyArray<Frame>, colors: Colors, budget: Budget): Html => {
  const shown = spread(frames, frameLimit)
  const strip = shown.map((frame) =>
    figure(plane(frame.shapes, small, colors, budget.part(shown.length)), nameOf(frame))
  )
  const all = frames.map(({ shapes }) => shapes)
  // Places on different cameras do not make a way.
  const ways = new Set(frames.map(({ sensor }) => sensor)).size === 1 ? paths(all, small, colors) : null
  const when = timeline(all, colors)
  const drawn = frames.length > shown.length ? html`, of which ${format.count(shown.length)} are drawn` : null
  return html`<div class="strip">${strip}${
    ways === null ? null : figure(ways, html`Where objects went, to the large dot`)
  }</div>${
    when === null
      ? html`<p class="soft small">${format.counted(frames.length, "frame")}${drawn}.</p>`
      : html`<div class="when">${
        figure(when, html`When objects are seen, over ${format.counted(frames.length, "frame")}${drawn}`)
      }</div>`
  }`
}
