import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { YoloNdjson } from "../../src/index.ts"
import { image, shape } from "../../src/testing/corpus.ts"
import { readLines } from "../readers/readYoloNdjson.ts"
import { box, built } from "../support/built.ts"

describe("YOLO NDJSON", () => {
  it.effect("has the dataset in its first line and an image in each other one", () =>
    Effect.gen(function*() {
      const { out } = yield* built(YoloNdjson.format, {}, [
        image("a", { shapes: [shape("rectangle", "car", box(0, 0, 0.5, 0.5))] }),
        image("b", { url: null, width: null, height: null })
      ])
      const { head, lines } = readLines(out.files)
      assert.deepStrictEqual(head, { type: "dataset", task: "detect", class_names: { 0: "car" } })
      assert.deepStrictEqual(lines, [
        {
          type: "image",
          file: "a.jpg",
          url: "https://storage.example/a.jpg",
          width: 80,
          height: 40,
          split: "train",
          annotations: { boxes: [[0, 0.25, 0.25, 0.5, 0.5]] }
        },
        { type: "image", file: "b.jpg", split: "train", annotations: { boxes: [] } }
      ])
      assert.deepStrictEqual(out.entries, ["dataset.ndjson"])
    }))

  it.effect("says how many keypoints there are", () =>
    Effect.gen(function*() {
      const shapes = [shape("landmark", "a", [[0.5, 0.5]], { pointLabels: [4] })]
      const { out } = yield* built(YoloNdjson.format, { task: "pose" }, [image("a", { shapes })])
      const { head, lines } = readLines(out.files)
      assert.deepStrictEqual(head.kpt_shape, [4, 3])
      const row = [0, 0.5, 0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.5, 0.5, 2]
      assert.deepStrictEqual(lines[0]?.annotations, { pose: [row] })
    }))
})
