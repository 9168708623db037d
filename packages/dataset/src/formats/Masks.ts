/**
 * Class-id masks: `masks/<split>/NAME.png`, a gray picture whose values are classes, and `images/<split>/NAME.jpg`. 8 bits
 * a pixel while the classes fit, else 16. `classes.json` has the names in order.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Classes } from "../Classes.ts"
import { DatasetError } from "../DatasetError.ts"
import * as DatasetFormat from "../DatasetFormat.ts"
import * as Geometry from "../Geometry.ts"
import { fill } from "../internal/raster.ts"
import * as Loss from "../Loss.ts"
import * as Png from "../Png.ts"
import type { Sample, Shape } from "../Sample.ts"

const carries = ({ instance, points, type }: Shape): Loss.Carried => {
  if (type === "segment") return instance === null ? Loss.kept : Loss.approximated("classes only: no instances")
  if (type !== "rectangle" && type !== "polygon") return Loss.dropped(`no place for ${type}`)
  if (points.length < (type === "polygon" ? 3 : 2)) return Loss.dropped("too few points")
  return Loss.approximated("drawn as pixels of its class")
}

/** The value of each pixel: the mask, and over it the shapes in their order. */
const valuesOf = (sample: Sample, valueOf: (label: string) => number, unlabeled: number) => {
  const [width, height] = [sample.width ?? 0, sample.height ?? 0]
  const { mask, shapes } = sample
  const draw = (values: Uint16Array): Uint16Array => {
    for (const { label, points } of shapes) {
      const ring = points.length === 2 ? Geometry.corners(Geometry.extent(points)) : points
      fill(values, width, height, ring, valueOf(label))
    }
    return values
  }
  if (mask === null) return Effect.sync(() => draw(new Uint16Array(width * height).fill(unlabeled)))
  const table = [unlabeled, ...mask.entries.map((entry) => entry === null ? unlabeled : valueOf(entry.label))]
  return Effect.map(mask.read, (values) => draw(values.map((value) => table[value]!)))
}

const depthOf = ({ names }: Classes, unlabeled: 0 | 255) => {
  if (names.length <= 255) return Effect.succeed(8 as const)
  if (unlabeled === 0 && names.length <= 65_535) return Effect.succeed(16 as const)
  const detail = `masks cannot hold ${names.length} classes with unlabeled ${unlabeled}: ` +
    `at most ${unlabeled === 0 ? 65_535 : 255}; map some to others with the option classes`
  return Effect.fail(new DatasetError({ reason: "options", detail }))
}

/** The format. */
export const format = DatasetFormat.make({
  name: "masks",
  fields: {
    unlabeled: Schema.optionalKey(Schema.Literals([0, 255])).annotate({
      description:
        "Value of unlabeled pixels. 0 (default): classes count from 1. 255: classes count from 0, at most 255."
    })
  },
  kind: "image",
  needs: { sizes: true, masks: true },
  holds: { attributes: false, tracks: false },
  carries,
  write: Effect.fnUntraced(function*(samples, classes, out, { unlabeled = 0 }) {
    const depth = yield* depthOf(classes, unlabeled)
    const valueOf = (label: string) => classes.indexOf(label) + (unlabeled === 0 ? 1 : 0)
    yield* Stream.runForEach(samples.all, (sample) => {
      const { file, height, name, split, width } = sample
      return valuesOf(sample, valueOf, unlabeled).pipe(
        Effect.map((values) => Png.encodeGray(values, width ?? 0, height ?? 0, depth)),
        Effect.flatMap((png) => out.file(`masks/${split}/${name}.png`, png)),
        Effect.andThen(out.media(sample, `images/${split}/${file}`))
      )
    })
  })
})
