import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { LabelMe } from "../../src/index.ts"
import { image, shape } from "../../src/testing/corpus.ts"
import { readGray } from "../readers/files/readPng.ts"
import { readDocument } from "../readers/readLabelMe.ts"
import { textOf } from "../readers/readYolo.ts"
import { box, built, diamond } from "../support/built.ts"
import { maskOf } from "../support/maskOf.ts"

describe("LabelMe", () => {
  it.effect("has a file next to each image, with every shape", () =>
    Effect.gen(function*() {
      const attributes = "{\"id\":12345678901234567890}"
      const shapes = [
        shape("rectangle", "a", box(0.25, 0.25, 0.5, 0.75), { attributes, track: "t" }),
        shape("rectangle", "a", diamond),
        shape("line", "b", [[0, 0], [1, 1]]),
        shape("landmark", "b", [[0.5, 0.5]]),
        shape("classification", "night", [])
      ]
      const { out } = yield* built(LabelMe.format, {}, [image("a", { shapes }), image("b")])
      const { flags, imageHeight, imagePath, imageWidth, shapes: found } = readDocument(out.files, "train/a.json")
      assert.deepStrictEqual([imagePath, imageWidth, imageHeight, flags], ["a.jpg", 80, 40, { night: true }])
      assert.deepStrictEqual(found.map(({ label, points, shape_type }) => [label, shape_type, points]), [
        ["a", "rectangle", [[20, 10], [40, 30]]],
        ["a", "polygon", [[40, 12], [48, 20], [40, 28], [32, 20]]],
        ["b", "linestrip", [[0, 0], [80, 40]]],
        ["b", "point", [[40, 20]]]
      ])
      assert.strictEqual(found[0]?.track_id, "t")
      assert.include(textOf(out.files, "train/a.json"), `"attributes":${attributes}`)
      assert.deepStrictEqual(readDocument(out.files, "train/b.json").shapes, [])
      assert.deepStrictEqual([...out.inputs.keys()], ["train/a.jpg", "train/b.jpg"])
    }))

  it.effect("has masks as pictures of their boxes", () =>
    Effect.gen(function*() {
      const mask = maskOf(4, 2, [shape("segment", "road", []), shape("segment", "car", [], { instance: "7" })], [
        1,
        0,
        2,
        0,
        1,
        0,
        2,
        2
      ])
      const { out } = yield* built(LabelMe.format, {}, [image("a", { mask, width: 4, height: 2 })])
      const [road, car] = readDocument(out.files, "train/a.json").shapes
      assert.deepStrictEqual([road?.points, car?.points, car?.group_id], [[[0, 0], [0, 1]], [[2, 0], [3, 1]], 7])
      assert.deepStrictEqual(readGray(Buffer.from(car!.mask!, "base64")).values, [255, 0, 255, 255])
    }))
})
