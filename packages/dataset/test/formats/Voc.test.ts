import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Voc } from "../../src/index.ts"
import { image, shape } from "../../src/testing/corpus.ts"
import { readPalette } from "../readers/files/readPng.ts"
import { all, lint, only } from "../readers/files/readXml.ts"
import { readAnnotation, readBox, readLabelMap } from "../readers/readVoc.ts"
import { textOf } from "../readers/readYolo.ts"
import { box, built } from "../support/built.ts"
import { maskOf } from "../support/maskOf.ts"

describe("Pascal VOC", () => {
  const shapes = [
    shape("rectangle", "car", box(0.26, 0.25, 0.5, 0.75)),
    shape("rectangle", "a <b> & \"c\" \u0007", box(0, 0, 1, 1)),
    shape("rectangle", "car", box(1, 1, 1, 1))
  ]

  it.effect("has boxes in whole pixels from 1, the last one included", () =>
    Effect.gen(function*() {
      const { out, summary } = yield* built(Voc.format, {}, [image("a", { shapes }), image("b")])
      const objects = all(readAnnotation(out.files, "a"), "object")
      assert.deepStrictEqual(objects.map(readBox), [[21, 11, 40, 30], [1, 1, 80, 40], [80, 40, 80, 40]])
      assert.strictEqual(only(objects[1]!, "name").text, "a <b> & \"c\" \ufffd")
      assert.strictEqual(textOf(out.files, "ImageSets/Main/train.txt"), "a\nb\n")
      assert.deepStrictEqual(summary.losses.map(({ why }) => why), Array(2).fill("rounded to whole pixels"))
      for (const name of ["a", "b"]) assert.notStrictEqual(lint(out.files.get(`Annotations/${name}.xml`)!), false)
    }))

  it.effect("has exact boxes if that is asked for", () =>
    Effect.gen(function*() {
      const { out, summary } = yield* built(Voc.format, { coordinates: "exact" }, [image("a", { shapes })])
      assert.deepStrictEqual(readBox(all(readAnnotation(out.files, "a"), "object")[0]!), [20.8, 10, 40, 30])
      assert.isTrue(summary.losses.every(({ why }) => why === null))
    }))

  it.effect("has masks with the color of each class, and of each object", () =>
    Effect.gen(function*() {
      const mask = maskOf(4, 1, [
        shape("segment", "road", []),
        shape("segment", "car", [], { instance: "1" }),
        shape("segment", "car", [], { instance: "2" })
      ], [1, 2, 3, 0])
      const { out } = yield* built(Voc.format, {}, [image("a", { mask, width: 4, height: 1 }), image("b")])
      const [classes, objects] = ["Class", "Object"].map((of) => readPalette(out.files.get(`Segmentation${of}/a.png`)!))
      assert.deepStrictEqual([classes!.values, objects!.values], [[2, 1, 1, 0], [1, 2, 3, 0]])
      assert.deepStrictEqual([...classes!.palette.subarray(0, 12)], [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0])
      assert.deepStrictEqual(readLabelMap(out.files)[2], ["road", "0,128,0"])
      assert.strictEqual(textOf(out.files, "ImageSets/Segmentation/train.txt"), "a\n")
    }))

  it.effect("refuses more classes than its palette has, where there are masks", () =>
    Effect.gen(function*() {
      const classes = Array.from({ length: 300 }, (_, index) => `c${index}`)
      yield* built(Voc.format, {}, [image("a", { shapes })], { classes })
      const mask = maskOf(1, 1, [shape("segment", "c0", [])], [1])
      const error = yield* Effect.flip(built(Voc.format, {}, [image("a", { mask, width: 1, height: 1 })], { classes }))
      assert.match(error.message, /cannot hold 300 classes/)
    }))
})
