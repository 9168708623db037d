/**
 * Datumaro JSON 1.0: `annotations/<split>.json` and `images/<split>/NAME.jpg`. It has a place for every shape of an image,
 * with attributes, tracks, and masks as compressed run lengths.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Classes } from "../Classes.ts"
import * as DatasetFormat from "../DatasetFormat.ts"
import * as Geometry from "../Geometry.ts"
import { textOf } from "../internal/text.ts"
import * as Rle from "../Rle.ts"
import type { Sample, Shape } from "../Sample.ts"
import { scalarsWithTrack } from "./shared/attributes.ts"
import { carried, everyShape } from "./shared/carried.ts"
import { colorOf } from "./shared/palette.ts"
import { boxOf, pointsOf, ringOf, type Size, sizeOf } from "./shared/pixels.ts"
import { segmentRuns } from "./shared/segments.ts"

/** Attributes as scalars, with track, instance, and the labels of points, unless an attribute has that name. */
const attributesOf = (shape: Shape): string => {
  const { keyFrame, pointLabels, track } = shape
  const scalars = scalarsWithTrack(shape, {
    keyframe: track === null ? null : keyFrame,
    point_labels: pointLabels === null ? null : pointLabels.map((label) => label ?? "").join(", ")
  })
  return `{${scalars.map(({ json, name }) => `${JSON.stringify(name)}:${json}`).join(",")}}`
}

/** The kind of an annotation and where it is, as members of a JSON object. */
const placeOf = ({ points, type }: Shape, size: Size): string => {
  const listed = (of: Shape["points"]) => `"points":[${pointsOf(of, size).join(",")}]`
  switch (type) {
    case "classification":
      return "\"type\":\"label\""
    case "line":
      return `"type":"polyline",${listed(points)}`
    case "landmark":
      return `"type":"points",${listed(points)},"visibility":[${points.map(() => 2).join(",")}]`
    case "polygon":
      return `"type":"polygon",${listed(points)}`
    default: {
      if (type === "rectangle" && !Geometry.isAxisAligned(points)) return `"type":"polygon",${listed(ringOf(points))}`
      const { height, left, top, width } = boxOf(points, size)
      return `"type":"bbox","bbox":[${left},${top},${width},${height}]`
    }
  }
}

const runsOf = (counts: Rle.Counts, { height, width }: Size): string =>
  `"type":"mask","rle":{"counts":${JSON.stringify(Rle.toText(counts))},"size":[${height},${width}]}`

/** The text of an item. */
const itemOf = (sample: Sample, classes: Classes) => {
  const { file, frame, job, mask, name, shapes, url } = sample
  const size = sizeOf(sample)
  let id = 0
  const annotation = (shape: Shape, place: string): string =>
    `{"id":${id++},${place},"attributes":${attributesOf(shape)},"group":0,"label_id":${
      classes.indexOf(shape.label)
    },"z_order":0}`
  const item = (annotations: ReadonlyArray<string>): string =>
    `{"id":${JSON.stringify(name)},"annotations":[${annotations.join(",\n")}],"attr":${
      JSON.stringify({
        batch_id: job.batchId,
        job_id: job.jobId,
        reference_id: job.referenceId,
        ...url === null ? {} : { url },
        ...frame === null ? {} : { frame: frame.index, frame_id: frame.id }
      })
    },"image":${JSON.stringify({ path: file, size: [size.height, size.width] })}}`
  const drawn = () => shapes.map((shape) => annotation(shape, placeOf(shape, size)))
  if (mask === null) return Effect.succeed(item(drawn()))
  return Effect.map(
    segmentRuns(mask),
    (segments) => item([...drawn(), ...segments.map(([shape, counts]) => annotation(shape, runsOf(counts, size)))])
  )
}

/** Everything before the items. */
const start = ({ names }: Classes): string => {
  const labels = names.map((name) => ({ name, parent: "", attributes: [] }))
  const colormap = names.map((_, label_id) => {
    const [r, g, b] = colorOf(label_id + 1)
    return { label_id, r, g, b }
  })
  const categories = { label: { labels, label_groups: [], attributes: [] }, mask: { colormap } }
  return `{"dm_format_version":"1.0","media_type":2,"infos":{},\n"categories":${JSON.stringify(categories)},\n"items":[`
}

/** The format. */
export const format = DatasetFormat.make({
  name: "datumaro",
  fields: {},
  kind: "image",
  needs: { sizes: true, masks: true },
  holds: { attributes: true, tracks: true },
  carries: (shape) => carried(shape, everyShape),
  write: Effect.fnUntraced(function*(samples, classes, out) {
    for (const split of samples.splits) {
      const text = Stream.suspend(() => {
        let before = "\n"
        const item = (sample: Sample) =>
          Effect.map(
            Effect.andThen(out.media(sample, `images/${split}/${sample.file}`), itemOf(sample, classes)),
            (found) => {
              const separated = before + found
              before = ",\n"
              return separated
            }
          )
        return textOf(start(classes), [samples.of(split), item], "\n]}\n")
      })
      yield* out.file(`annotations/${split}.json`, text, { entry: true })
    }
  })
})
