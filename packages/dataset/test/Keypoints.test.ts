import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Keypoints } from "../src/index.ts"
import type { Sample, Shape } from "../src/Sample.ts"
import { image, shape } from "../src/testing/corpus.ts"

const landmark = (labels: Shape["pointLabels"], length = labels?.length ?? 0) =>
  shape("landmark", "a", Array.from({ length }, (_, i) => [i / 10, 0.5] as const), { pointLabels: labels })

const layoutOf = (landmarks: ReadonlyArray<Shape>, names?: ReadonlyArray<string>) => {
  const samples = landmarks.map((one, index): Sample => ({
    ...image(String(index), { shapes: [one] }),
    name: String(index),
    file: `${index}.jpg`,
    split: "train"
  }))
  return Keypoints.layoutOf(Stream.fromArray(samples), names)
}

describe("keypoints", () => {
  it.effect("are numbered up to the largest label of all samples", () =>
    Effect.gen(function*() {
      const { names, place } = yield* layoutOf([landmark([2, 1]), landmark(["4"]), landmark(null, 3)])
      assert.deepStrictEqual(names, ["1", "2", "3", "4"])
      assert.deepStrictEqual(place(landmark([2, 4])), [[0, 0, 0], [0, 0.5, 2], [0, 0, 0], [0.1, 0.5, 2]])
      assert.deepStrictEqual(place(landmark(null, 1)), [[0, 0.5, 2], [0, 0, 0], [0, 0, 0], [0, 0, 0]])
    }))

  it.effect("count from 0 if a label is 0", () =>
    Effect.gen(function*() {
      const { names, place } = yield* layoutOf([landmark([0, 1])])
      assert.deepStrictEqual(names, ["0", "1"])
      assert.deepStrictEqual(place(landmark([1])), [[0, 0, 0], [0, 0.5, 2]])
    }))

  it.effect("are in the order of code points if labels are words", () =>
    Effect.map(
      layoutOf([landmark(["tail", "nose"]), landmark(["ear"])]),
      ({ names }) => assert.deepStrictEqual(names, ["ear", "nose", "tail"])
    ))

  it.effect("are those that are named, by name or by number", () =>
    Effect.gen(function*() {
      const { place } = yield* layoutOf([], ["nose", "tail"])
      assert.deepStrictEqual(place(landmark(["tail"])), [[0, 0, 0], [0, 0.5, 2]])
      assert.deepStrictEqual(place(landmark([2])), [[0, 0, 0], [0, 0.5, 2]])
    }))

  it.effect("are not more than 1,000", () =>
    Effect.gen(function*() {
      const labels = Array.from({ length: 1001 }, (_, index) => `l${index}`)
      const error = yield* Effect.flip(layoutOf([landmark(labels)]))
      assert.strictEqual(error.reason, "options")
      const { names } = yield* layoutOf([landmark([999_999_999])])
      assert.deepStrictEqual(names, ["999999999"])
    }))

  it("fit if each has a place of its own", () => {
    assert.isTrue(Keypoints.fits(landmark([1, 2])))
    assert.isFalse(Keypoints.fits(landmark([1, 1])))
    assert.isFalse(Keypoints.fits(landmark(["nose", 1]), ["nose"]))
    assert.isFalse(Keypoints.fits(landmark(["ear"]), ["nose"]))
  })
})
