/**
 * LabelMe: `<split>/NAME.json` next to `<split>/NAME.jpg`, and `labels.txt`, a class on each line. Attributes and track ids
 * are further keys of a shape, which LabelMe keeps.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { DatasetError } from "../DatasetError.ts"
import * as DatasetFormat from "../DatasetFormat.ts"
import * as Geometry from "../Geometry.ts"
import * as Png from "../Png.ts"
import type { Mask, Point, Sample, Shape } from "../Sample.ts"
import { carried, everyShape, type Table, withoutPointLabels } from "./shared/carried.ts"
import { boxOf, pointsOf, ringOf, sizeOf } from "./shared/pixels.ts"
import { pixelsIn, segmentBoxes } from "./shared/segments.ts"

const table: Table = { ...everyShape, landmark: withoutPointLabels }

/** A shape of LabelMe as JSON text. A group is a number. */
const element = (
  { attributes, instance, label, track }: Shape,
  kind: string,
  points: ReadonlyArray<Point>,
  mask: string | null = null
): string => {
  const object = JSON.stringify({
    label,
    points,
    group_id: instance !== null && /^\d{1,9}$/.test(instance) ? Number(instance) : null,
    shape_type: kind,
    flags: {},
    description: "",
    mask,
    ...instance === null ? {} : { instance },
    ...track === null ? {} : { track_id: track }
  })
  return `${object.slice(0, -1)},"attributes":${attributes}}`
}

const drawn = (shape: Shape, sample: Sample): string => {
  const { points, type } = shape
  const size = sizeOf(sample)
  const all = () => pointsOf(points, size)
  switch (type) {
    case "line":
      return element(shape, "linestrip", all())
    case "landmark":
      return element(shape, points.length === 1 ? "point" : "points", all())
    case "polygon":
      return element(shape, "polygon", all())
    default: {
      if (type === "rectangle" && !Geometry.isAxisAligned(points)) {
        return element(shape, "polygon", pointsOf(ringOf(points), size))
      }
      const { bottom, left, right, top } = boxOf(points, size)
      return element(shape, "rectangle", [[left, top], [right, bottom]])
    }
  }
}

/** The segments of a mask: the corners of each one's box, whose last pixel is the second corner, and a picture of it. */
const masks = (values: Uint16Array, mask: Mask): ReadonlyArray<string> =>
  segmentBoxes(values, mask).map((box) => {
    const { height, left, shape, top, width } = box
    const pixels = pixelsIn(values, mask, box).map((pixel) => pixel * 255)
    const picture = Buffer.from(Png.encodeGray(pixels, width, height, 8)).toString("base64")
    return element(shape, "mask", [[left, top], [left + width - 1, top + height - 1]], picture)
  })

const documentOf = (sample: Sample): Effect.Effect<string, DatasetError> => {
  const { file, height, mask, shapes, width } = sample
  const tags = shapes.filter(({ type }) => type === "classification")
  const document = (elements: ReadonlyArray<string>): string => {
    const start = JSON.stringify({
      version: "5.5.0",
      flags: Object.fromEntries(tags.map(({ label }) => [label, true]))
    })
    const end = JSON.stringify({ imagePath: file, imageData: null, imageHeight: height, imageWidth: width })
    const list = elements.length === 0 ? "" : `\n${elements.join(",\n")}\n`
    return `${start.slice(0, -1)},"shapes":[${list}],${end.slice(1)}\n`
  }
  const own = () => shapes.filter(({ type }) => type !== "classification").map((shape) => drawn(shape, sample))
  if (mask === null) return Effect.sync(() => document(own()))
  return Effect.map(mask.read, (values) => document([...own(), ...masks(values, mask)]))
}

/** The format. */
export const format = DatasetFormat.make({
  name: "labelme",
  fields: {},
  kind: "image",
  needs: { sizes: true, masks: true },
  holds: { attributes: true, tracks: true },
  carries: (shape) => carried(shape, table),
  write: Effect.fnUntraced(function*(samples, classes, out) {
    yield* Stream.runForEach(samples.all, (sample) => {
      const { file, name, split } = sample
      return Effect.andThen(
        Effect.flatMap(documentOf(sample), (text) => out.file(`${split}/${name}.json`, text)),
        out.media(sample, `${split}/${file}`)
      )
    })
    yield* out.file("labels.txt", classes.names.map((name) => `${name}\n`).join(""), { entry: true })
  })
})
