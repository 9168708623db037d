import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Coco } from "../../src/index.ts"
import { image, shape } from "../../src/testing/corpus.ts"
import { readNumbers } from "../readers/files/readPng.ts"
import { readFile, readPanopticFile } from "../readers/readCoco.ts"
import { box, built } from "../support/built.ts"
import { maskOf } from "../support/maskOf.ts"

describe("COCO keypoints", () => {
  const points = [[0.5, 0.5], [0.25, 0.75]] as const

  it.effect("have the points of landmarks in the order of their names, and the skeleton", () =>
    Effect.gen(function*() {
      const options = {
        task: "keypoints",
        keypoints: ["nose", "tail", "paw"],
        skeleton: [[1, 2], [2, 3]]
      } as const
      const shapes = [shape("landmark", "cat", points, { pointLabels: ["paw", "nose"] }), shape("rectangle", "cat", [])]
      const { out, summary } = yield* built(Coco.format, options, [image("a", { shapes }), image("b")])
      const { annotations, categories, images } = readFile(out.files, "train", "person_keypoints")
      assert.deepStrictEqual(categories[0], {
        id: 1,
        name: "cat",
        supercategory: "",
        keypoints: ["nose", "tail", "paw"],
        skeleton: [[1, 2], [2, 3]]
      })
      assert.strictEqual(images.length, 2)
      assert.deepStrictEqual(
        annotations.map(({ bbox, keypoints, num_keypoints }) => [bbox, keypoints, num_keypoints]),
        [
          [[20, 20, 20, 10], [20, 30, 2, 0, 0, 0, 40, 20, 2], 2]
        ]
      )
      assert.deepStrictEqual(summary.losses.map(({ dropped, shape: of }) => [of, dropped]), [["landmark", 0], [
        "rectangle",
        1
      ]])
    }))

  it.effect("are numbered if nothing names them", () =>
    Effect.gen(function*() {
      const { out } = yield* built(Coco.format, { task: "keypoints" }, [
        image("a", { shapes: [shape("landmark", "cat", points)] })
      ])
      const { annotations: [annotation], categories: [category] } = readFile(out.files, "train", "person_keypoints")
      assert.deepStrictEqual(category?.keypoints, ["1", "2"])
      assert.deepStrictEqual(annotation?.keypoints, [40, 20, 2, 20, 30, 2])
    }))

  it.effect("are refused if the skeleton names one that is not there", () =>
    Effect.gen(function*() {
      const options = { task: "keypoints", skeleton: [[1, 3]] } as const
      const shapes = [shape("landmark", "cat", points)]
      const error = yield* Effect.flip(built(Coco.format, options, [image("a", { shapes })]))
      assert.match(error.message, /the skeleton has keypoint 3, and there are 2/)
    }))
})

describe("COCO panoptic", () => {
  it.effect("has a number for each segment, and says which classes are things", () =>
    Effect.gen(function*() {
      const mask = maskOf(4, 2, [
        shape("segment", "road", []),
        shape("segment", "sky", []),
        shape("segment", "car", [], { instance: "7" })
      ], [1, 0, 2, 2, 3, 0, 0, 3])
      const options = { task: "panoptic" } as const
      const polygon = shape("polygon", "bus", box(0.25, 0.5, 0.75, 1))
      const { out } = yield* built(
        Coco.format,
        options,
        [image("a", { mask, shapes: [polygon], width: 4, height: 2 })],
        {
          classes: { sky: null }
        }
      )
      const { annotations: [annotation], categories } = readPanopticFile(out.files, "train")
      const { values } = readNumbers(out.files.get("annotations/panoptic_train/a.png")!)
      assert.deepStrictEqual(values, [1, 0, 0, 0, 3, 4, 4, 3])
      assert.deepStrictEqual(categories.map(({ isthing, name }) => [name, isthing]), [["bus", 1], ["car", 1], [
        "road",
        0
      ]])
      assert.deepStrictEqual(annotation?.segments_info.map(({ category_id, id }) => [id, category_id]), [
        [1, 3],
        [3, 2],
        [4, 1]
      ])
    }))

  it.effect("tells more than 255 segments apart", () =>
    Effect.gen(function*() {
      const entries = Array.from(
        { length: 300 },
        (_, index) => shape("segment", "car", [], { instance: String(index) })
      )
      const mask = maskOf(300, 1, entries, entries.map((_, index) => index + 1))
      const { out } = yield* built(Coco.format, { task: "panoptic" }, [image("a", { mask, width: 300, height: 1 })])
      assert.strictEqual(readPanopticFile(out.files, "train").annotations[0]?.segments_info.length, 300)
    }))
})
