import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Split, Yolo } from "../../src/index.ts"
import { image, shape } from "../../src/testing/corpus.ts"
import { readData, readLabels, textOf } from "../readers/readYolo.ts"
import { box, built, diamond } from "../support/built.ts"

const ascending = (a: number, b: number) => a - b

const triangle = [[0.2, 0.2], [0.4, 0.2], [0.3, 0.6]] as const

describe("YOLO folders", () => {
  it.effect("hold boxes by center and size, at most 6 decimals, with an empty file for an image without any", () =>
    Effect.gen(function*() {
      const { out } = yield* built(Yolo.format, {}, [
        image("a", {
          shapes: [shape("rectangle", "b", box(1 / 3, 0.25, 2 / 3, 0.75)), shape("polygon", "a", triangle)]
        }),
        image("empty")
      ])
      assert.strictEqual(textOf(out.files, "labels/train/a.txt"), "1 0.5 0.5 0.333333 0.5\n0 0.3 0.4 0.2 0.4\n")
      assert.strictEqual(textOf(out.files, "labels/train/empty.txt"), "")
      assert.deepStrictEqual([...out.inputs], [["images/train/a.jpg", "a"], ["images/train/empty.jpg", "empty"]])
    }))

  it.effect("clamp what is outside, and count it", () =>
    Effect.gen(function*() {
      const { out, summary } = yield* built(Yolo.format, {}, [
        image("a", {
          shapes: [shape("rectangle", "a", box(-0.5, 0, 0.5, 1)), shape("rectangle", "a", box(0.5, 0, 1.001, 1))]
        })
      ])
      assert.strictEqual(textOf(out.files, "labels/train/a.txt"), "0 0.25 0.5 0.5 1\n0 0.75 0.5 0.5 1\n")
      assert.deepStrictEqual(summary.losses.map(({ approximated, kept }) => [kept, approximated]), [[0, 1], [1, 0]])
    }))

  it.effect("hold polygons and rectangles as polygons to segment", () =>
    Effect.gen(function*() {
      const shapes = [shape("polygon", "a", triangle), shape("rectangle", "a", diamond)]
      const { out, summary } = yield* built(Yolo.format, { task: "segment" }, [image("a", { shapes })])
      const expected = "0 0.2 0.2 0.4 0.2 0.3 0.6\n0 0.5 0.3 0.6 0.5 0.5 0.7 0.4 0.5\n"
      assert.strictEqual(textOf(out.files, "labels/train/a.txt"), expected)
      assert.isTrue(summary.losses.every(({ why }) => why === null))
    }))

  it.effect("hold turned rectangles whole, and polygons by their smallest rectangle in pixels", () =>
    Effect.gen(function*() {
      const shapes = [shape("rectangle", "a", diamond), shape("polygon", "a", [...diamond, [0.45, 0.4]])]
      const { out, summary } = yield* built(Yolo.format, { task: "obb" }, [image("a", { shapes })])
      const [whole, smallest] = [...readLabels(out.files).values()].flat()
      assert.deepStrictEqual(whole, [0, 0.5, 0.3, 0.6, 0.5, 0.5, 0.7, 0.4, 0.5])
      assert.deepStrictEqual([...smallest!].sort(ascending), [...whole!].sort(ascending))
      assert.deepStrictEqual(summary.losses.map(({ approximated, shape }) => [shape, approximated]), [
        ["polygon", 1],
        ["rectangle", 0]
      ])
    }))

  it.effect("hold keypoints by their labels, a missing one as 0 0 0", () =>
    Effect.gen(function*() {
      const points = [[0.5, 0.5], [0.25, 0.75]] as const
      const { out } = yield* built(Yolo.format, { task: "pose" }, [
        image("a", { shapes: [shape("landmark", "a", points, { pointLabels: [3, 1] })] }),
        image("b", { shapes: [shape("landmark", "a", points)] })
      ])
      assert.deepStrictEqual(readData(out.files).kpt_shape, [3, 3])
      assert.strictEqual(
        textOf(out.files, "labels/train/a.txt"),
        "0 0.375 0.625 0.25 0.25 0.25 0.75 2 0 0 0 0.5 0.5 2\n"
      )
      assert.strictEqual(
        textOf(out.files, "labels/train/b.txt"),
        "0 0.375 0.625 0.25 0.25 0.5 0.5 2 0.25 0.75 2 0 0 0\n"
      )
    }))

  it.effect("take the keypoints that are named, and count points that are not among them", () =>
    Effect.gen(function*() {
      const shapes = [shape("landmark", "a", [[0.5, 0.5], [0.25, 0.75]], { pointLabels: ["tail", "nose"] })]
      const options = { task: "pose", keypoints: ["nose"] } as const
      const { out, summary } = yield* built(Yolo.format, options, [image("a", { shapes })])
      assert.strictEqual(textOf(out.files, "labels/train/a.txt"), "0 0.375 0.625 0.25 0.25 0.25 0.75 2\n")
      assert.strictEqual(summary.losses[0]?.approximated, 1)
    }))

  it.effect("name splits and classes in data.yaml, whatever the classes are called", () =>
    Effect.gen(function*() {
      const labels = ["yes", "1", "a: b", "# x", "\"", "\u0085\u2028\ufeff", "no\n", "\u{1f600}", "- ", "null"]
      const inputs = labels.map((label, i) => image(`i${i}`, { shapes: [shape("rectangle", label, box(0, 0, 1, 1))] }))
      const split = Split.make({ table: new Map([["i1", "val"], ["i2", "test"]]) })
      const { out, summary } = yield* built(Yolo.format, {}, inputs, { split })
      const { names, ...folders } = readData(out.files)
      assert.deepStrictEqual(Object.values(names), summary.classes)
      assert.deepStrictEqual(folders, { train: "images/train", val: "images/val", test: "images/test" })
      assert.deepStrictEqual(new Set(summary.classes), new Set(labels))
    }))

  it.effect("point val at train if there is no val, and say so", () =>
    Effect.gen(function*() {
      const { out } = yield* built(Yolo.format, {}, [image("a")])
      assert.deepStrictEqual(readData(out.files), { train: "images/train", val: "images/train", names: {} })
      assert.deepStrictEqual(out.notes, ["data.yaml names images/train as val: there is no split val"])
      assert.deepStrictEqual(out.entries, ["data.yaml"])
      assert.strictEqual([...out.files.keys()].at(-1), "data.yaml")
    }))

  it.effect("refuse splits that trainers do not know", () =>
    Effect.gen(function*() {
      const split = Split.make({ shares: { dev: 1 } })
      const error = yield* Effect.flip(built(Yolo.format, {}, [image("a")], { split }))
      assert.strictEqual(error.message, "yolo has the splits train, val, test and not \"dev\"")
    }))

  it.effect("list attributes and tracks that have no place", () =>
    Effect.gen(function*() {
      const shapes = [shape("rectangle", "a", box(0, 0, 1, 1), { attributes: "{\"color\":\"red\"}", track: "7" })]
      const { summary } = yield* built(Yolo.format, {}, [image("a", { shapes })], { lossless: true })
      assert.deepStrictEqual(summary.losses.map(({ class: of, dropped, shape }) => [shape, of, dropped]), [
        ["attribute", "color", 1],
        ["rectangle", "a", 0],
        ["track", "a", 1]
      ])
    }))
})
