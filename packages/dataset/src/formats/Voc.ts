/**
 * Pascal VOC: `Annotations/NAME.xml` with boxes, `JPEGImages/NAME.jpg`, `ImageSets/Main/<split>.txt`; for masks
 * `SegmentationClass/NAME.png` and `SegmentationObject/NAME.png`, pictures with a palette; and `labelmap.txt`, which has
 * the color of each class.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Classes } from "../Classes.ts"
import { DatasetError } from "../DatasetError.ts"
import * as DatasetFormat from "../DatasetFormat.ts"
import { textOf } from "../internal/text.ts"
import * as Loss from "../Loss.ts"
import * as Png from "../Png.ts"
import type { Mask, Sample, Shape } from "../Sample.ts"
import { byExtent, carried, ifUpright } from "./shared/carried.ts"
import { colorOf } from "./shared/palette.ts"
import { boxOf, type Size, sizeOf } from "./shared/pixels.ts"
import * as Xml from "./shared/xml.ts"

const fields = {
  coordinates: Schema.optionalKey(Schema.Literals(["whole", "exact"])).annotate({
    description: "Pixels of boxes: whole (default, from 1, the last pixel included), or exact (from 0, with decimals)."
  })
}

type Coordinates = "whole" | "exact"

const whole = Loss.approximated("rounded to whole pixels")

/** Most classes or objects: in a palette of 256 colors, 0 is the background and 255 the border. */
const most = 254

const palette = Uint8Array.from(Array.from({ length: 256 }, (_, index) => colorOf(index)).flat())

const boundingBox = ({ points }: Shape, size: Size, coordinates: Coordinates): string => {
  const { bottom, left, right, top } = boxOf(points, size)
  const first = (value: number, limit: number) => Math.min(Math.floor(value) + 1, limit)
  const [xmin, ymin] = [first(left, size.width), first(top, size.height)]
  // A box without extent has one pixel.
  const [xmax, ymax] = [Math.max(xmin, Math.ceil(right)), Math.max(ymin, Math.ceil(bottom))]
  const values = coordinates === "exact"
    ? { xmin: left, ymin: top, xmax: right, ymax: bottom }
    : { xmin, ymin, xmax, ymax }
  return Xml.element("bndbox", {}, Xml.textElements(values))
}

const objectOf = (shape: Shape, size: Size, coordinates: Coordinates): string =>
  Xml.element(
    "object",
    {},
    Xml.textElements({ name: shape.label, pose: "Unspecified", truncated: 0, occluded: 0, difficult: 0 }) +
      boundingBox(shape, size, coordinates)
  )

const document = (sample: Sample, coordinates: Coordinates): string => {
  const size = sizeOf(sample)
  const { file, mask, shapes } = sample
  const parts = [
    Xml.textElement("folder", "JPEGImages"),
    Xml.textElement("filename", file),
    Xml.element("source", {}, Xml.textElements({ database: "Unknown", annotation: "Unknown", image: "Unknown" })),
    Xml.element("size", {}, Xml.textElements({ ...size, depth: 3 })),
    Xml.textElement("segmented", mask === null ? 0 : 1),
    ...shapes.map((shape) => objectOf(shape, size, coordinates))
  ]
  return `<annotation>\n  ${parts.join("\n  ")}\n</annotation>\n`
}

/** The two pictures of a mask: the index of each pixel's class from 1, and that of its object. */
const pictures = (values: Uint16Array, { entries, height, width }: Mask, classes: Classes) => {
  const numbers = entries.filter((entry) => entry !== null)
  const classOf = [0, ...entries.map((entry) => entry === null ? 0 : classes.indexOf(entry.label) + 1)]
  const objectOf = [0, ...entries.map((entry) => entry === null ? 0 : Math.min(255, numbers.indexOf(entry) + 1))]
  const picture = (table: ReadonlyArray<number>) =>
    Png.encodePalette(values.map((value) => table[value]!), width, height, palette)
  return { byClass: picture(classOf), byObject: picture(objectOf), hasTooMany: numbers.length > most }
}

/** `labelmap.txt`, as Datumaro has it: class, color, and no parts or actions. */
const labelMap = ({ names }: Classes): string =>
  ["background", ...names].map((name, index) => `${name}:${colorOf(index).join(",")}::\n`).join("")

const tooManyClasses = (count: number) =>
  new DatasetError({
    reason: "options",
    detail:
      `the palette of VOC masks cannot hold ${count} classes: map some to others with the option classes, so that ` +
      `at most ${most} are left`
  })

/** The format. */
export const format = DatasetFormat.make({
  name: "voc",
  fields,
  variants: { "": {}, "exact": { coordinates: "exact" } },
  kind: "image",
  needs: { sizes: true, masks: true },
  holds: { attributes: false, tracks: false },
  carries: (shape, { coordinates = "whole" }) =>
    carried(shape, {
      rectangle: ifUpright(coordinates === "exact" ? Loss.kept : whole, byExtent),
      polygon: byExtent,
      cuboid: byExtent,
      segment: Loss.kept
    }),
  write: Effect.fnUntraced(function*(samples, classes, out, { coordinates = "whole" }) {
    let [masks, crowded] = [0, 0]
    const writeMask = Effect.fnUntraced(function*({ name }: Sample, mask: Mask) {
      if (classes.names.length > most) return yield* tooManyClasses(classes.names.length)
      const { byClass, byObject, hasTooMany } = pictures(yield* mask.read, mask, classes)
      yield* out.file(`SegmentationClass/${name}.png`, byClass)
      yield* out.file(`SegmentationObject/${name}.png`, byObject)
      masks++
      if (hasTooMany) crowded++
    })
    yield* Stream.runForEach(samples.all, (sample) =>
      Effect.gen(function*() {
        const { file, mask, name } = sample
        yield* out.file(`Annotations/${name}.xml`, document(sample, coordinates))
        yield* out.media(sample, `JPEGImages/${file}`)
        if (mask !== null) yield* writeMask(sample, mask)
      }))
    if (crowded > 0) {
      yield* out.note(
        `SegmentationObject of ${crowded} of ${masks} masks marks objects after the first ${most} as border`
      )
    }
    yield* out.file("labelmap.txt", labelMap(classes))
    for (const split of samples.splits) {
      const some = samples.of(split)
      if (masks > 0) {
        const masked = Stream.filter(some, ({ mask }) => mask !== null)
        yield* out.file(`ImageSets/Segmentation/${split}.txt`, textOf([masked, ({ name }) => `${name}\n`]))
      }
      yield* out.file(`ImageSets/Main/${split}.txt`, textOf([some, ({ name }) => `${name}\n`]), { entry: true })
    }
  })
})
