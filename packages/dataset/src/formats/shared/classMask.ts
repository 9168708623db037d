/** Masks of classes: a gray picture in which the value of each pixel is a class. */
import * as Effect from "effect/Effect"
import type { Classes } from "../../Classes.ts"
import { DatasetError } from "../../DatasetError.ts"
import type { Sample } from "../../Sample.ts"
import { sizeOf } from "./pixels.ts"

/** The value of each pixel of the sample's mask; `unlabeled` everywhere if it has none. The values may be changed. */
export const valuesOf = (
  sample: Sample,
  valueOf: (label: string) => number,
  unlabeled: number
): Effect.Effect<Uint16Array, DatasetError> => {
  const { mask } = sample
  const { height, width } = sizeOf(sample)
  if (mask === null) return Effect.sync(() => new Uint16Array(width * height).fill(unlabeled))
  const table = [unlabeled, ...mask.entries.map((entry) => entry === null ? unlabeled : valueOf(entry.label))]
  return Effect.map(mask.read, (values) => values.map((value) => table[value]!))
}

/** Bits of a pixel that holds every class. Fails with `options` if there are too many. */
export const depthOf = ({ names }: Classes, unlabeled: 0 | 255): Effect.Effect<8 | 16, DatasetError> => {
  if (names.length <= 255) return Effect.succeed(8)
  if (unlabeled === 0 && names.length <= 65_535) return Effect.succeed(16)
  const detail = `masks cannot hold ${names.length} classes with unlabeled ${unlabeled}: ` +
    `at most ${unlabeled === 0 ? 65_535 : 255}; map some to others with the option classes`
  return Effect.fail(new DatasetError({ reason: "options", detail }))
}
