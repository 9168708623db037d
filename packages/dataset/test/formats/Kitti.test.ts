import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Kitti } from "../../src/index.ts"
import { image, shape } from "../../src/testing/corpus.ts"
import { readRows } from "../readers/readKitti.ts"
import { box, built, diamond } from "../support/built.ts"

const unknown = ["-1", "-1", "-1", "-1000", "-1000", "-1000", "-10"]

describe("KITTI", () => {
  it.effect("has boxes of images, with what is not known of them", () =>
    Effect.gen(function*() {
      const shapes = [
        shape("rectangle", "big car", box(0.25, 0.25, 0.5, 0.75), { track: "t" }),
        shape("polygon", "", diamond)
      ]
      const { out, summary } = yield* built(Kitti.format, {}, [image("a", { shapes }), image("b")])
      assert.deepStrictEqual(readRows(out.files, "train/label_2/a.txt", 15), [
        ["big_car", "-1", "-1", "-10", "20", "10", "40", "30", ...unknown],
        ["_", "-1", "-1", "-10", "32", "12", "48", "28", ...unknown]
      ])
      assert.deepStrictEqual(readRows(out.files, "train/label_2/b.txt", 15), [])
      assert.deepStrictEqual([...out.inputs.keys()], ["train/image_2/a.jpg", "train/image_2/b.jpg"])
      assert.deepStrictEqual(summary.losses.map(({ shape: of, why }) => [of, why]), [
        ["polygon", "written as its extent"],
        ["rectangle", null],
        ["track", "no place for track ids"]
      ])
    }))

  it.effect("has tracks of videos, in which frames and ids count from 0", () =>
    Effect.gen(function*() {
      const frame = (index: number, tracks: ReadonlyArray<string>) =>
        image(`v-${index}`, {
          job: { batchId: "b", jobId: "video", referenceId: "v" },
          frame: { id: `f${index}`, index },
          shapes: tracks.map((track) => shape("rectangle", "car", box(0, 0, 0.5, 0.5), { track }))
        })
      const inputs = [frame(0, ["b"]), frame(1, []), frame(2, ["a", "b"]), image("still")]
      const { out, summary } = yield* built(Kitti.format, { task: "tracking" }, inputs)
      const box2d = ["car", "-1", "-1", "-10", "0", "0", "40", "20", ...unknown]
      assert.deepStrictEqual(readRows(out.files, "train/label_02/video.txt", 17), [
        ["0", "0", ...box2d],
        ["2", "1", ...box2d],
        ["2", "0", ...box2d]
      ])
      assert.strictEqual(out.inputs.get("train/image_02/video/000002.jpg"), "v-2")
      assert.deepStrictEqual(summary.losses.find(({ shape: of }) => of === "sample")?.why, "it is no frame of a video")
    }))
})
