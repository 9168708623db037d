/**
 * Label Studio: `<split>.json` with a task for each image, `config.xml`, the labeling configuration that tasks need, and
 * `images/<split>/NAME.jpg`. Coordinates are in percent of the image. Masks are dropped.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Classes } from "../Classes.ts"
import * as DatasetFormat from "../DatasetFormat.ts"
import * as Geometry from "../Geometry.ts"
import { textOf } from "../internal/text.ts"
import * as Loss from "../Loss.ts"
import type { Point, Sample, Shape } from "../Sample.ts"
import { scalarsWithTrack } from "./shared/attributes.ts"
import { byExtent, carried, type Table } from "./shared/carried.ts"
import { originOf, present } from "./shared/origin.ts"
import { colorOf } from "./shared/palette.ts"
import { ringOf } from "./shared/pixels.ts"
import { turnedIn } from "./shared/turned.ts"
import * as Xml from "./shared/xml.ts"

const fields = {
  image_root: Schema.optionalKey(Schema.String).annotate({
    description: "Prefix of images/<split>/FILE in tasks whose image is in the dataset; other tasks name the URL. " +
      "Default: /data/local-files/?d=, for local storage of the dataset's folder."
  })
}

const table: Table = {
  rectangle: Loss.kept,
  polygon: Loss.kept,
  line: Loss.approximated("written as a polygon that is not closed"),
  landmark: Loss.approximated("written as single points"),
  cuboid: byExtent,
  classification: Loss.kept
}

const percent = (value: number): number => Geometry.round(value * 100, 4)

/** A result: which tag of the configuration it is of, and its value. */
type Result = readonly [tag: "rectangle" | "polygon" | "keypoint" | "class", value: Readonly<Record<string, unknown>>]

const kinds = {
  rectangle: "rectanglelabels",
  polygon: "polygonlabels",
  keypoint: "keypointlabels",
  class: "choices"
} as const

const polygon = (points: ReadonlyArray<Point>, closed: boolean): Result => [
  "polygon",
  { points: points.map(([x, y]) => [percent(x), percent(y)]), closed }
]

const rectangle = ({ points, type }: Shape, { height, width }: Sample): Result => {
  const { x0, x1, y0, y1 } = Geometry.extent(points)
  const upright: Result = [
    "rectangle",
    { x: percent(x0), y: percent(y0), width: percent(x1 - x0), height: percent(y1 - y0), rotation: 0 }
  ]
  if (type !== "rectangle" || Geometry.isAxisAligned(points)) return upright
  const turned = width === null || height === null ? undefined : turnedIn(points, { width, height })
  if (turned === undefined) return polygon(ringOf(points), true)
  const { corner: [x, y], degrees } = turned
  const [w, h] = [width!, height!]
  return ["rectangle", {
    x: percent(x / w),
    y: percent(y / h),
    width: percent(turned.width / w),
    height: percent(turned.height / h),
    rotation: Geometry.round(degrees, 4)
  }]
}

const resultsOf = (shape: Shape, sample: Sample): ReadonlyArray<Result> => {
  const { points, type } = shape
  switch (type) {
    case "classification":
      return [["class", {}]]
    case "landmark":
      return points.map(([x, y]) => ["keypoint", { x: percent(x), y: percent(y), width: 0.5 }])
    case "line":
      return [polygon(points, false)]
    case "polygon":
      return [polygon(points, true)]
    default:
      return [rectangle(shape, sample)]
  }
}

/** Attributes, track and instance, as the text that Label Studio shows with a region. */
const metaOf = (shape: Shape) => {
  const text = scalarsWithTrack(shape).map(({ name, text }) => `${name}: ${text}`)
  return text.length === 0 ? {} : { meta: { text } }
}

/** A region for each shape. The points of a landmark share the number before the dot of their ids. */
const regionsOf = (sample: Sample) => {
  const { height, shapes, width } = sample
  const size = width === null || height === null ? {} : { original_width: width, original_height: height }
  return shapes.flatMap((shape, number) =>
    resultsOf(shape, sample).map(([tag, value], index) => ({
      id: index === 0 ? String(number + 1) : `${number + 1}.${index + 1}`,
      type: kinds[tag],
      from_name: tag,
      to_name: "image",
      ...tag === "class" ? {} : { ...size, image_rotation: 0 },
      value: { ...value, [kinds[tag]]: [shape.label] },
      ...metaOf(shape)
    }))
  )
}

const taskOf = (sample: Sample, id: number, root: string): string => {
  const { file, media, name, split, url } = sample
  const image = media === null && url !== null
    ? url
    : `${root}${encodeURI(`images/${split}/`)}${encodeURIComponent(file)}`
  return JSON.stringify({
    id,
    data: { image, name, ...present(originOf(sample)) },
    annotations: [{ result: regionsOf(sample) }]
  })
}

/** `config.xml`. */
const configuration = ({ names }: Classes): string => {
  const labels = (name: string) =>
    names.map((value, index) => {
      const background = `#${colorOf(index + 1).map((part) => part.toString(16).padStart(2, "0")).join("")}`
      return `    ${Xml.element(name, name === "Label" ? { value, background } : { value })}\n`
    }).join("")
  const tags = [["RectangleLabels", "rectangle"], ["PolygonLabels", "polygon"], ["KeyPointLabels", "keypoint"]] as const
  const parts = [
    Xml.element("Image", { name: "image", value: "$image" }),
    ...tags.map(([tag, name]) => Xml.element(tag, { name, toName: "image" }, `\n${labels("Label")}  `)),
    Xml.element("Choices", { name: "class", toName: "image", choice: "multiple" }, `\n${labels("Choice")}  `)
  ]
  return `<View>\n${parts.map((part) => `  ${part}\n`).join("")}</View>\n`
}

/** The format. */
export const format = DatasetFormat.make({
  name: "labelstudio",
  fields,
  kind: "image",
  needs: { sizes: false, masks: false },
  holds: { attributes: true, tracks: true },
  carries: (shape) => carried(shape, table),
  write: Effect.fnUntraced(function*(samples, classes, out, { image_root: root = "/data/local-files/?d=" }) {
    yield* out.file("config.xml", configuration(classes))
    for (const split of samples.splits) {
      const text = Stream.suspend(() => {
        let id = 0
        const task = (sample: Sample) => {
          const text = `${id === 0 ? "\n" : ",\n"}${taskOf(sample, ++id, root)}`
          return Effect.as(out.media(sample, `images/${split}/${sample.file}`), text)
        }
        return textOf("[", [samples.of(split), task], "\n]\n")
      })
      yield* out.file(`${split}.json`, text, { entry: true })
    }
  })
})
