/**
 * Class-id masks: `masks/<split>/NAME.png`, a gray picture whose values are classes, and `images/<split>/NAME.jpg`. 8 bits
 * a pixel while the classes fit, else 16. `classes.json` has the names in order.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as DatasetFormat from "../DatasetFormat.ts"
import { fill } from "../internal/raster.ts"
import * as Loss from "../Loss.ts"
import * as Png from "../Png.ts"
import type { Sample } from "../Sample.ts"
import { carried, type Table } from "./shared/carried.ts"
import { depthOf, valuesOf } from "./shared/classMask.ts"
import { ringOf, sizeOf } from "./shared/pixels.ts"

const drawn = Loss.approximated("drawn as pixels of its class")

const table: Table = {
  segment: ({ instance }) => instance === null ? Loss.kept : Loss.approximated("classes only: no instances"),
  rectangle: drawn,
  polygon: drawn
}

/** Draws shapes over the values of a mask, in their order. */
const draw = (values: Uint16Array, sample: Sample, valueOf: (label: string) => number): Uint16Array => {
  const { height, width } = sizeOf(sample)
  for (const { label, points } of sample.shapes) fill(values, width, height, ringOf(points), valueOf(label))
  return values
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
  opensClasses: true,
  kind: "image",
  needs: { sizes: true, masks: true },
  holds: { attributes: false, tracks: false },
  carries: (shape) => carried(shape, table),
  write: Effect.fnUntraced(function*(samples, classes, out, { unlabeled = 0 }) {
    const depth = yield* depthOf(classes, unlabeled)
    const valueOf = (label: string) => classes.indexOf(label) + (unlabeled === 0 ? 1 : 0)
    yield* Stream.runForEach(samples.all, (sample) => {
      const { file, name, split } = sample
      const { height, width } = sizeOf(sample)
      return valuesOf(sample, valueOf, unlabeled).pipe(
        Effect.map((values) => Png.encodeGray(draw(values, sample, valueOf), width, height, depth)),
        Effect.flatMap((png) => out.file(`masks/${split}/${name}.png`, png)),
        Effect.andThen(out.media(sample, `images/${split}/${file}`))
      )
    })
  })
})
