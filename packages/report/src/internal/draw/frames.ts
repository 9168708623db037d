/** The images of a job: one large drawing, or some of many frames side by side, with what moved between them. */
import type { AnnotationModel } from "@labelstream/core"
import * as format from "../format.ts"
import { type Html, html } from "../html.ts"
import { foreign } from "../sections/parts.ts"
import { classesOf } from "./classes.ts"
import type { Colors } from "./colors.ts"
import { type Shape, shapeOf } from "./geometry.ts"
import { type Below, type Budget, fit, paths, plane, single, small } from "./plane.ts"
import { timeline } from "./timeline.ts"

/** The annotations of one image. */
export interface Frame {
  readonly name: string | null
  readonly sensor: string | null
  /** Position in the job, null if it is not known. */
  readonly index: number | null
  /** The image, as its `media_index`; null if it is not known. */
  readonly media: number | null
  readonly shapes: ReadonlyArray<Shape>
  /** What is said of the image as a whole. */
  readonly classes: ReadonlyArray<AnnotationModel.AnnotationRow>
}

/** Gives what is known of the image below a frame. */
export type BelowOf = (frame: Frame) => Below

const frameLimit = 4
/** Maximum sensors with a drawn image. */
const sensorLimit = 8

/** Orders names as people do: `frame2` before `frame10`. */
export const inOrder = new Intl.Collator("en", { numeric: true })

/** The order of frames: that of the job, or by name if the job has none. */
export const byTime = (a: Pick<Frame, "index" | "name">, b: Pick<Frame, "index" | "name">): number =>
  (a.index ?? Infinity) - (b.index ?? Infinity) || inOrder.compare(a.name ?? "", b.name ?? "")

/** The images that a job's annotations are on, sensor by sensor. */
export const framesOf = (rows: ReadonlyArray<AnnotationModel.AnnotationRow>): ReadonlyArray<Frame> => {
  const found = rows.flatMap((row) => {
    const shape = shapeOf(row)
    return shape === undefined && row.type !== "classification" ? [] : [{ row, shape }]
  })
  const images = Map.groupBy(
    found,
    ({ row: { frame_id, media_index, sensor_id } }) =>
      media_index === null ? JSON.stringify([sensor_id, frame_id]) : String(media_index)
  )
  return Array.from(images, ([key, of]) => ({
    key,
    name: of[0]?.row.frame_id ?? null,
    sensor: of.find(({ row }) => row.sensor_id !== null)?.row.sensor_id ?? null,
    index: of[0]?.row.frame_index ?? null,
    media: of[0]?.row.media_index ?? null,
    shapes: of.flatMap(({ shape }) => shape ?? []),
    classes: of.flatMap(({ row, shape }) => shape === undefined ? [row] : [])
  })).sort((a, b) => inOrder.compare(a.sensor ?? "", b.sensor ?? "") || byTime(a, b) || (a.key < b.key ? -1 : 1))
}

/** Some of many, evenly spread, with the first and the last. */
const spread = <A>(all: ReadonlyArray<A>, most: number): ReadonlyArray<A> => {
  const places = Array.from({ length: most }, (_, i) => Math.round(i * (all.length - 1) / Math.max(1, most - 1)))
  return all.length <= most ? all : all.filter((_, at) => places.includes(at))
}

/** The frames that are drawn: some of many, of several sensors some of each. */
export const drawnFrames = (frames: ReadonlyArray<Frame>): ReadonlyArray<Frame> => {
  const sensors = Array.from(Map.groupBy(frames, ({ sensor }) => sensor).values()).slice(0, sensorLimit)
  return sensors.flatMap((of) => spread(of, Math.max(1, Math.floor(frameLimit / sensors.length))))
}

/** A drawing with its caption. */
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

/** Draws one image, with the texts about it. Draws nothing if there are only texts and the image is missing. */
const image = (frame: Frame, below: Below, within: typeof single, colors: Colors, budget: Budget): Html => {
  const drawn = frame.shapes.length === 0 && below.picture === undefined
    ? html``
    : plane(frame.shapes, { ...below, ...fit(below.size, within) }, colors, budget)
  const [name, classes] = [nameOf(frame), classesOf(frame.classes)]
  return figure(drawn, name === null && classes === null ? null : html`${name}${classes}`)
}

/** The only image of a job. */
export const oneImage = (frame: Frame, belowOf: BelowOf, colors: Colors, budget: Budget): Html =>
  image(frame, belowOf(frame), single, colors, budget)

/** Some of many frames, with the paths of their objects and when they are visible. */
export const sequence = (frames: ReadonlyArray<Frame>, belowOf: BelowOf, colors: Colors, budget: Budget): Html => {
  const shown = drawnFrames(frames)
  const below = shown.map(belowOf)
  const strip = shown.map((frame, at) =>
    image(frame, below[at] ?? { size: null }, small, colors, budget.part(shown.length))
  )
  const moments = Array.from(Map.groupBy(frames, ({ index, name }) => JSON.stringify([index, name])).values())
    .sort(([a], [b]) => a === undefined || b === undefined ? 0 : byTime(a, b))
  const all = moments.map((moment) => moment.flatMap(({ shapes }) => shapes))
  const sensors = new Set(frames.map(({ sensor }) => sensor)).size
  // Places on different cameras do not make a way.
  const ways = sensors > 1 ? null : paths(all, fit(below[0]?.size ?? null, small), colors)
  const when = timeline(all, colors)
  const of = html`${format.counted(moments.length, "frame")}${
    sensors > 1 ? html` of ${format.count(sensors)} sensors` : null
  }${
    frames.length > shown.length ?
      html`, of which ${format.counted(shown.length, "image")} ${shown.length === 1 ? "is" : "are"} drawn` :
      null
  }`
  return html`<div class="strip">${strip}${
    ways === null ? null : figure(ways, html`Where objects went, to the large dot`)
  }</div>${
    when === null
      ? html`<p class="soft small">${of}.</p>`
      : html`<div class="when">${figure(when, html`When objects are seen, over ${of}`)}</div>`
  }`
}
