import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Datumaro, Rle } from "../../src/index.ts"
import { image, shape } from "../../src/testing/corpus.ts"
import { readDocument } from "../readers/readDatumaro.ts"
import { textOf } from "../readers/readYolo.ts"
import { box, built, diamond } from "../support/built.ts"
import { maskOf } from "../support/maskOf.ts"

describe("Datumaro JSON", () => {
  it.effect("has every shape of an image in pixels, with attributes as scalars", () =>
    Effect.gen(function*() {
      const attributes = "{\"id\":12345678901234567890,\"parts\":[\"a\",1]}"
      const shapes = [
        shape("rectangle", "a", box(0.25, 0.25, 0.5, 0.75), { attributes, track: "t", keyFrame: true }),
        shape("rectangle", "a", diamond),
        shape("polygon", "b", diamond),
        shape("line", "b", [[0, 0], [1, 1]]),
        shape("landmark", "b", [[0.5, 0.5], [1, 1]], { pointLabels: [1, "x"] }),
        shape("classification", "night", [])
      ]
      const { out, summary } = yield* built(Datumaro.format, {}, [image("a", { shapes, frame: { id: "f", index: 3 } })])
      const { categories, dm_format_version, items: [item] } = readDocument(out.files, "train")
      assert.strictEqual(dm_format_version, "1.0")
      assert.deepStrictEqual(categories.label.labels.map(({ name }) => name), ["a", "b", "night"])
      assert.deepStrictEqual(item!.image, { path: "a.jpg", size: [40, 80] })
      assert.strictEqual(item!.attr["frame"], 3)
      const found = item!.annotations.map(({ bbox, points, type }) => [type, ...bbox ?? points ?? []])
      assert.deepStrictEqual(found, [
        ["bbox", 20, 10, 20, 20],
        ["polygon", 40, 12, 48, 20, 40, 28, 32, 20],
        ["polygon", 40, 12, 48, 20, 40, 28, 32, 20],
        ["polyline", 0, 0, 80, 40],
        ["points", 40, 20, 80, 40],
        ["label"]
      ])
      assert.include(textOf(out.files, "annotations/train.json"), "\"id\":12345678901234567890,\"parts\":\"a, 1\",")
      assert.deepStrictEqual(item!.annotations[4]?.attributes, { point_labels: "1, x" })
      assert.isTrue(summary.losses.every(({ why }) => why === null))
    }))

  it.effect("has masks as run lengths", () =>
    Effect.gen(function*() {
      const mask = maskOf(4, 1, [shape("segment", "road", []), shape("segment", "car", [], { instance: "2" })], [
        1,
        2,
        2,
        0
      ])
      const { out } = yield* built(Datumaro.format, {}, [image("a", { mask, width: 4, height: 1 })])
      const [road, car] = readDocument(out.files, "train").items[0]!.annotations
      assert.deepStrictEqual([...Rle.decode(Rle.fromText(road!.rle!.counts), 4, 1)], [1, 0, 0, 0])
      assert.deepStrictEqual([...Rle.decode(Rle.fromText(car!.rle!.counts), 4, 1)], [0, 1, 1, 0])
      assert.deepStrictEqual([car!.rle!.size, car!.attributes], [[1, 4], { instance: "2" }])
    }))
})
