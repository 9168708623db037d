import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Coco, Rle, Split } from "../../src/index.ts"
import type { Mask } from "../../src/Sample.ts"
import { image, shape } from "../../src/testing/corpus.ts"
import { readFile } from "../readers/readCoco.ts"
import { textOf } from "../readers/readYolo.ts"
import { box, built, diamond } from "../support/built.ts"

const values = Uint16Array.from([1, 0, 2, 2, 3, 0, 0, 3])
const mask: Mask = {
  width: 4,
  height: 2,
  entries: [
    shape("segment", "road", []),
    shape("segment", "sky", []),
    shape("segment", "car", [], { instance: "7", attributes: "{\"a\":1}" })
  ],
  hasStrays: false,
  read: Effect.succeed(values)
}

describe("COCO", () => {
  it.effect("has boxes in pixels, and says where each image comes from", () =>
    Effect.gen(function*() {
      const frame = { id: "f1", index: 3 }
      const shapes = [shape("rectangle", "car", box(1 / 3, 0.25, 2 / 3, 0.75))]
      const { out } = yield* built(Coco.format, {}, [image("a", { shapes, frame }), image("b")])
      const { annotations, categories, images } = readFile(out.files, "train")
      assert.deepStrictEqual(categories, [{ id: 1, name: "car", supercategory: "" }])
      assert.deepStrictEqual(images[0], {
        id: 1,
        width: 80,
        height: 40,
        file_name: "a.jpg",
        coco_url: "https://storage.example/a.jpg",
        batch_id: "batch",
        job_id: "job-a",
        reference_id: "a",
        frame_id: "f1",
        frame_index: 3
      })
      assert.strictEqual(images.length, 2)
      assert.deepStrictEqual(annotations, [{
        id: 1,
        image_id: 1,
        category_id: 1,
        bbox: [26.6667, 10, 26.6666, 20],
        area: 533.332,
        iscrowd: 0,
        segmentation: [],
        attributes: {}
      }])
    }))

  it.effect("has turned rectangles and polygons whole, with their extent and area, and cuboids by extent", () =>
    Effect.gen(function*() {
      const shapes = [
        shape("rectangle", "a", diamond),
        shape("polygon", "a", [[0, 0], [0.5, 0], [0, 0.5]]),
        shape("cuboid", "a", [...box(0, 0, 0.25, 0.25), ...box(0.25, 0.25, 0.5, 0.5)])
      ]
      const { out, summary } = yield* built(Coco.format, {}, [image("a", { shapes })])
      const [turned, polygon, cuboid] = readFile(out.files, "train").annotations
      assert.deepStrictEqual(turned!.segmentation, [[40, 12, 48, 20, 40, 28, 32, 20]])
      assert.deepStrictEqual([turned!.bbox, turned!.area], [[32, 12, 16, 16], 128])
      assert.deepStrictEqual([polygon!.bbox, polygon!.area], [[0, 0, 40, 20], 400])
      assert.deepStrictEqual([cuboid!.bbox, cuboid!.segmentation], [[0, 0, 40, 20], []])
      assert.deepStrictEqual(summary.losses.map(({ approximated, shape }) => [shape, approximated]), [
        ["cuboid", 1],
        ["polygon", 0],
        ["rectangle", 0]
      ])
    }))

  it.effect("has each segment of a mask as run lengths, with area and box", () =>
    Effect.gen(function*() {
      const choice = { sky: null }
      const { out, summary } = yield* built(Coco.format, {}, [image("a", { mask, width: 4, height: 2 })], {
        classes: choice
      })
      const { annotations } = readFile(out.files, "train")
      const masks = annotations.map(({ segmentation }) => {
        const { counts, size } = segmentation as { counts: string; size: [number, number] }
        assert.deepStrictEqual(size, [2, 4])
        return [...Rle.decode(Rle.fromText(counts), 4, 2)]
      })
      assert.deepStrictEqual(masks, [[1, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0, 0, 1]])
      assert.deepStrictEqual(annotations.map(({ area, bbox }) => [area, bbox]), [[1, [0, 0, 1, 1]], [2, [0, 1, 4, 1]]])
      assert.deepStrictEqual(annotations.map(({ attributes }) => attributes), [{}, { a: 1, instance: "7" }])
      assert.deepStrictEqual(summary.classes, ["car", "road"])
    }))

  it.effect("drops a mask of another size than its image, and counts it", () =>
    Effect.gen(function*() {
      const { out, summary } = yield* built(Coco.format, {}, [image("a", { mask })])
      assert.deepStrictEqual(readFile(out.files, "train").annotations, [])
      assert.deepStrictEqual(summary.losses.map(({ dropped }) => dropped), [1, 1, 1])
    }))

  it.effect("keeps attributes as they came, with every digit, and adds track and instance", () =>
    Effect.gen(function*() {
      const attributes = "{\"id\":12345678901234567890,\"track_id\":\"mine\"} "
      const common = { track: "t\"1", instance: "2" }
      const shapes = [
        shape("rectangle", "a", box(0, 0, 1, 1), { attributes, ...common }),
        shape("rectangle", "a", box(0, 0, 1, 1), common),
        shape("rectangle", "a", box(0, 0, 1, 1), { attributes: "{\"b\":[1,2]}", track: "x" })
      ]
      const { out } = yield* built(Coco.format, {}, [image("a", { shapes })])
      const text = textOf(out.files, "annotations/instances_train.json")
      assert.include(text, "\"attributes\":{\"id\":12345678901234567890,\"track_id\":\"mine\",\"instance\":\"2\"}")
      assert.deepStrictEqual(readFile(out.files, "train").annotations.slice(1).map(({ attributes }) => attributes), [
        { track_id: "t\"1", instance: "2" },
        { b: [1, 2], track_id: "x" }
      ])
    }))

  it.effect("has a file for each split, numbered from 1, with all classes in each", () =>
    Effect.gen(function*() {
      const split = Split.make({ table: new Map([["b", "val"]]) })
      const inputs = ["a", "b", "c"].map((key) => image(key, { shapes: [shape("rectangle", key, box(0, 0, 1, 1))] }))
      const { out } = yield* built(Coco.format, {}, inputs, { split })
      const [train, val] = [readFile(out.files, "train"), readFile(out.files, "val")]
      assert.deepStrictEqual(train.annotations.map(({ category_id, id, image_id }) => [id, image_id, category_id]), [
        [1, 1, 1],
        [2, 2, 3]
      ])
      assert.deepStrictEqual(val.annotations.map(({ category_id, id, image_id }) => [id, image_id, category_id]), [[
        1,
        1,
        2
      ]])
      assert.deepStrictEqual(out.entries, ["annotations/instances_train.json", "annotations/instances_val.json"])
    }))

  it.effect("is a dataset without any sample, too", () =>
    Effect.gen(function*() {
      const { out } = yield* built(Coco.format, {}, [])
      assert.deepStrictEqual(readFile(out.files, "train").images, [])
    }))
})
