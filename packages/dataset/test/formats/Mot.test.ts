import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Mot } from "../../src/index.ts"
import { image, shape } from "../../src/testing/corpus.ts"
import { readInfo, readRows } from "../readers/readMot.ts"
import { textOf } from "../readers/readYolo.ts"
import { box, built } from "../support/built.ts"

const frame = (job: string, index: number, tracks: ReadonlyArray<string | null>) =>
  image(`${job}-${index}`, {
    job: { batchId: "b", jobId: job, referenceId: job },
    frame: { id: `f${index}`, index },
    shapes: tracks.map((track) => shape("rectangle", "car", box(0.25, 0.25, 0.5, 0.5), { track }))
  })

describe("MOT", () => {
  it.effect("has a sequence for each video, in which frames, ids and pixels count from 1", () =>
    Effect.gen(function*() {
      const inputs = [
        frame("one", 0, ["b", "a"]),
        frame("one", 1, []),
        frame("one", 2, ["a", null]),
        frame("two", 0, ["a"]),
        image("still", { shapes: [shape("rectangle", "car", box(0, 0, 1, 1))] })
      ]
      const { out, summary } = yield* built(Mot.format, { frame_rate: 12.5 }, inputs)
      assert.deepStrictEqual(readRows(out.files, "train/one"), [
        [1, 1, 21, 11, 20, 10, 1, 1, 1],
        [1, 2, 21, 11, 20, 10, 1, 1, 1],
        [3, 2, 21, 11, 20, 10, 1, 1, 1]
      ])
      assert.strictEqual(readRows(out.files, "train/two").length, 1)
      assert.deepStrictEqual(readInfo(out.files, "train/one"), {
        name: "one",
        imDir: "img1",
        frameRate: "12.5",
        seqLength: "3",
        imWidth: "80",
        imHeight: "40",
        imExt: ".jpg"
      })
      assert.strictEqual(textOf(out.files, "train/one/gt/labels.txt"), "car\n")
      assert.strictEqual(out.inputs.get("train/one/img1/000003.jpg"), "one-2")
      assert.deepStrictEqual(
        summary.losses.filter(({ dropped }) => dropped > 0).map(({ shape: of, why }) => [of, why]),
        [
          ["rectangle", "it has no track id"],
          ["rectangle", "it is no frame of a video"],
          ["sample", "it is no frame of a video"]
        ]
      )
    }))

  it.effect("has an empty file for a video without tracks, and nothing for no video", () =>
    Effect.gen(function*() {
      const { out } = yield* built(Mot.format, {}, [frame("one", 0, [])])
      assert.strictEqual(textOf(out.files, "train/one/gt/gt.txt"), "")
      const none = yield* built(Mot.format, {}, [])
      assert.deepStrictEqual([...none.out.files.keys()], ["classes.json", "samples.csv", "loss.json"])
    }))
})
