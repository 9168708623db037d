/**
 * COCO instances: `annotations/instances_<split>.json` and `images/<split>/NAME.jpg`. Boxes, polygons, and masks as
 * compressed run lengths. The file is written in two passes over the samples, images before annotations.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Classes } from "../Classes.ts"
import * as DatasetFormat from "../DatasetFormat.ts"
import * as Geometry from "../Geometry.ts"
import { textOf } from "../internal/text.ts"
import * as Loss from "../Loss.ts"
import * as Rle from "../Rle.ts"
import type { Mask, Sample, Shape } from "../Sample.ts"

const carries = ({ points, type }: Shape): Loss.Carried => {
  switch (type) {
    case "segment":
      return Loss.kept
    case "rectangle":
      return points.length < 2 ? Loss.dropped("too few points") : Loss.kept
    case "polygon":
      return points.length < 3 ? Loss.dropped("too few points") : Loss.kept
    case "cuboid":
      return points.length < 2 ? Loss.dropped("too few points") : Loss.approximated("written as its extent")
    default:
      return Loss.dropped(`no place for ${type}`)
  }
}

/** Attributes as they came, and the track id, the instance, unless an attribute has that name. */
const attributes = ({ attributes: text, instance, track }: Shape): string => {
  const own = Object.entries({ track_id: track, instance }).filter(([, value]) => value !== null)
  if (own.length === 0) return text
  if (text === "{}") return JSON.stringify(Object.fromEntries(own))
  const taken = JSON.parse(text) as object
  const added = own.filter(([name]) => !Object.hasOwn(taken, name)).map(([name, value]) =>
    `,${JSON.stringify(name)}:${JSON.stringify(value)}`
  )
  return `${text.slice(0, text.lastIndexOf("}"))}${added.join("")}}`
}

/** What an annotation says of where it is. */
interface Place {
  readonly bbox: ReadonlyArray<number>
  readonly area: number
  readonly segmentation: string
}

const placeOf = (shape: Shape, width: number, height: number): Place => {
  const { points, type } = shape
  const { x0, x1, y0, y1 } = Geometry.extent(points)
  const [left, top] = [Geometry.pixels(x0, width), Geometry.pixels(y0, height)]
  const [w, h] = [
    Geometry.round(Geometry.pixels(x1, width) - left, 4),
    Geometry.round(Geometry.pixels(y1, height) - top, 4)
  ]
  const bbox = [left, top, w, h]
  if (type === "cuboid" || (type === "rectangle" && (points.length < 3 || Geometry.isAxisAligned(points)))) {
    return { bbox, area: Geometry.round(w * h, 4), segmentation: "[]" }
  }
  const ring = points.flatMap(([x, y]) => [Geometry.pixels(x, width), Geometry.pixels(y, height)])
  const area = Geometry.round(Geometry.area(points) * width * height, 4)
  return { bbox, area, segmentation: `[[${ring.join(",")}]]` }
}

/** The segments of a mask that have pixels and are not dropped, each with its runs. */
const segmentsOf = (values: Uint16Array, { entries, height, width }: Mask): ReadonlyArray<readonly [Shape, Place]> =>
  Rle.encodeAll(values, width, height, entries.length).flatMap((counts, value) => {
    const shape = entries[value - 1] ?? null
    if (counts === undefined || shape === null) return []
    const segmentation = `{"size":[${height},${width}],"counts":${JSON.stringify(Rle.toText(counts))}}`
    return [[shape, { bbox: Rle.box(counts, height), area: Rle.area(counts), segmentation }] as const]
  })

/** Numbers and writes the elements of `images` and `annotations` of one file, in the order of the samples. */
const elements = (classes: Classes) => {
  const ids = { image: 0, annotation: 0 }
  let imageOf = 0
  const image = (sample: Sample): string => {
    const { file, frame, height, job, url, width } = sample
    const text = JSON.stringify({
      id: ++ids.image,
      width,
      height,
      file_name: file,
      ...url === null ? {} : { coco_url: url },
      batch_id: job.batchId,
      job_id: job.jobId,
      reference_id: job.referenceId,
      ...frame === null ? {} : { frame_id: frame.id, frame_index: frame.index }
    })
    return ids.image === 1 ? `\n${text}` : `,\n${text}`
  }
  const annotation = (shape: Shape, { area, bbox, segmentation }: Place): string => {
    const id = ++ids.annotation
    const category = classes.indexOf(shape.label) + 1
    return `${id === 1 ? "\n" : ",\n"}{"id":${id},"image_id":${imageOf},"category_id":${category},"bbox":[${
      bbox.join(",")
    }],"area":${area},"iscrowd":0,"segmentation":${segmentation},"attributes":${attributes(shape)}}`
  }
  const annotations = (sample: Sample) => {
    imageOf++
    const { mask, shapes, width, height } = sample
    const text = shapes.map((shape) => annotation(shape, placeOf(shape, width ?? 0, height ?? 0))).join("")
    return mask === null ? text : withMask(text, mask)
  }
  const withMask = (text: string, mask: Mask) =>
    Effect.map(
      mask.read,
      (values) => text + segmentsOf(values, mask).map(([shape, place]) => annotation(shape, place)).join("")
    )
  return { image, annotations }
}

/** The format. */
export const format = DatasetFormat.make({
  name: "coco",
  fields: {},
  kind: "image",
  needs: { sizes: true, masks: true },
  holds: { attributes: true, tracks: true },
  carries,
  write: Effect.fnUntraced(function*(samples, classes, out) {
    const categories = classes.names.map((name, index) => JSON.stringify({ id: index + 1, name, supercategory: "" }))
    for (const split of samples.splits) {
      const text = Stream.suspend(() => {
        const { annotations, image } = elements(classes)
        const some = samples.of(split)
        const placed = (sample: Sample) => Effect.as(out.media(sample, `images/${split}/${sample.file}`), image(sample))
        return textOf(
          "{\"info\":{\"description\":\"Annotations of GT Studio, exported by Labelstream\",\"version\":\"1.0\"},",
          "\"licenses\":[],\n\"categories\":[",
          categories.length === 0 ? "" : `\n${categories.join(",\n")}\n`,
          "],\n\"images\":[",
          [some, placed],
          "\n],\n\"annotations\":[",
          [some, annotations],
          "\n]}\n"
        )
      })
      yield* out.file(`annotations/instances_${split}.json`, text, { entry: true })
    }
  })
})
