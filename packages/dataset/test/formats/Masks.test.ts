import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Masks } from "../../src/index.ts"
import type { Mask } from "../../src/Sample.ts"
import { image, shape } from "../../src/testing/corpus.ts"
import { readValues } from "../readers/readMasks.ts"
import { box, built } from "../support/built.ts"

const size = { width: 4, height: 2 }
const mask: Mask = {
  ...size,
  entries: [shape("segment", "road", []), shape("segment", "car", [], { instance: "1" }), shape("segment", "sky", [])],
  hasStrays: true,
  read: Effect.succeed(Uint16Array.from([1, 0, 2, 2, 3, 0, 0, 3]))
}

const valuesOf = (files: ReadonlyMap<string, Uint8Array>) => [...readValues(files)].map(([, { values }]) => values)

describe("class-id masks", () => {
  it.effect("have the number of the class from 1, and 0 where nothing is", () =>
    Effect.gen(function*() {
      const { out, summary } = yield* built(Masks.format, {}, [image("a", { ...size, mask }), image("b", size)])
      assert.deepStrictEqual(summary.classes, ["car", "road", "sky"])
      assert.deepStrictEqual(valuesOf(out.files), [[2, 0, 1, 1, 3, 0, 0, 3], [0, 0, 0, 0, 0, 0, 0, 0]])
      assert.deepStrictEqual(summary.losses.map(({ approximated, class: of }) => [of, approximated]), [
        ["", 1],
        ["car", 1],
        ["road", 0],
        ["sky", 0]
      ])
    }))

  it.effect("have the class from 0, and 255 where nothing is, if that is asked for", () =>
    Effect.gen(function*() {
      const options = { unlabeled: 255 } as const
      const { out } = yield* built(Masks.format, options, [image("a", { ...size, mask })], { classes: { sky: null } })
      assert.deepStrictEqual(valuesOf(out.files), [[1, 255, 0, 0, 255, 255, 255, 255]])
    }))

  it.effect("have shapes drawn over the mask, in their order", () =>
    Effect.gen(function*() {
      const shapes = [
        shape("rectangle", "x", box(0, 0, 0.5, 1)),
        shape("polygon", "y", [[0.25, 0], [0.75, 0], [0.75, 0.5], [0.25, 0.5]])
      ]
      const { out } = yield* built(Masks.format, {}, [image("a", { ...size, mask, shapes })])
      assert.deepStrictEqual(valuesOf(out.files), [[4, 5, 5, 1, 4, 4, 0, 3]])
    }))

  it.effect("have 16 bits if there are more than 255 classes", () =>
    Effect.gen(function*() {
      const classes = Array.from({ length: 300 }, (_, index) => `class-${index}`)
      const shapes = [shape("rectangle", "class-299", box(0, 0, 1, 1))]
      const inputs = [image("a", { ...size, shapes })]
      const { out } = yield* built(Masks.format, {}, inputs, { classes })
      const { depth, values } = readValues(out.files).get("a")!
      assert.deepStrictEqual([depth, ...values], [16, ...values.map(() => 300)])
      const error = yield* Effect.flip(built(Masks.format, { unlabeled: 255 }, inputs, { classes }))
      assert.match(error.message, /cannot hold 300 classes with unlabeled 255: at most 255/)
    }))
})
