/** COCO panoptic: a PNG for each image whose pixels are numbers of segments, and what each segment is. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Classes } from "../../Classes.ts"
import type { DatasetError } from "../../DatasetError.ts"
import type { Output } from "../../DatasetFormat.ts"
import { fill } from "../../internal/raster.ts"
import * as Loss from "../../Loss.ts"
import * as Png from "../../Png.ts"
import type { Mask, Sample, Shape } from "../../Sample.ts"
import { withTrack } from "../shared/attributes.ts"
import type { Table } from "../shared/carried.ts"
import { colorOf } from "../shared/palette.ts"
import { type Size, sizeOf } from "../shared/pixels.ts"
import { segmentBoxes } from "../shared/segments.ts"
import * as CocoFile from "./cocoFile.ts"

/** How shapes are written. */
export const table: Table = { segment: Loss.kept, polygon: Loss.approximated("drawn as pixels") }

/** A panoptic picture: the number of each pixel's segment, and the segments from 1. */
interface Picture {
  readonly values: Uint16Array
  readonly segments: ReadonlyArray<Shape | null>
}

/** The mask, and over it the polygons in their order. Each run reads the mask again. */
const pictureOf = (sample: Sample): Effect.Effect<Picture, DatasetError> => {
  const { mask, shapes } = sample
  const { height, width } = sizeOf(sample)
  const segments = [...mask?.entries ?? [], ...shapes]
  const draw = (values: Uint16Array): Picture => {
    const own = mask?.entries.length ?? 0
    shapes.forEach(({ points }, index) => fill(values, width, height, points, own + index + 1))
    return { values, segments }
  }
  return mask === null
    ? Effect.sync(() => draw(new Uint16Array(width * height)))
    : Effect.map(mask.read, (values) => draw(withoutDropped(values, mask)))
}

/** Pixels of a segment that is dropped are void. */
const withoutDropped = (values: Uint16Array, { entries }: Mask): Uint16Array =>
  entries.includes(null) ? values.map((value) => value === 0 || entries[value - 1] === null ? 0 : value) : values

/** `segments_info`: those that have pixels. */
const segmentsInfo = ({ segments, values }: Picture, { width }: Size, classes: Classes): string =>
  segmentBoxes(values, { entries: segments, width }).map(({ area, height, left, shape, top, value, width: w }) => {
    const category = classes.indexOf(shape.label) + 1
    return `{"id":${value},"category_id":${category},"area":${area},"bbox":[${left},${top},${w},${height}],"iscrowd":0,"attributes":${
      withTrack(shape)
    }}`
  }).join(",")

/** Returns the classes whose objects are separate segments. */
const thingsOf = (samples: Stream.Stream<Sample, DatasetError>) =>
  Effect.suspend(() => {
    const things = new Set<string>()
    const add = ({ mask, shapes }: Sample) => {
      for (const { label } of shapes) things.add(label)
      for (const entry of mask?.entries ?? []) if (entry !== null && entry.instance !== null) things.add(entry.label)
    }
    const read = Stream.runForEachArray(samples, (some) => Effect.sync(() => some.forEach(add)))
    return Effect.as(read, things)
  })

/** The categories: things are those that have instances or polygons anywhere. */
export const categories = (classes: Classes, samples: Stream.Stream<Sample, DatasetError>) =>
  Effect.map(
    thingsOf(samples),
    (things) => CocoFile.categories(classes, (name, id) => ({ isthing: things.has(name) ? 1 : 0, color: colorOf(id) }))
  )

/** Makes the annotation of each sample, and writes its PNG: red, green and blue are a segment's number in base 256. */
export const annotations = (classes: Classes, out: Output): CocoFile.Annotations => (sample, imageId) =>
  Effect.gen(function*() {
    const size = sizeOf(sample)
    const picture = yield* pictureOf(sample)
    const file = `${sample.name}.png`
    const png = Png.encodeNumbers(picture.values, size.width, size.height)
    yield* out.file(`annotations/panoptic_${sample.split}/${file}`, png)
    const segments = segmentsInfo(picture, size, classes)
    return [`{"image_id":${imageId},"file_name":${JSON.stringify(file)},"segments_info":[${segments}]}`]
  })
