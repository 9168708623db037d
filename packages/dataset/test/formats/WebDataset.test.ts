import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { WebDataset } from "../../src/index.ts"
import { image, shape } from "../../src/testing/corpus.ts"
import { readGray } from "../readers/files/readPng.ts"
import { listed, readTar } from "../readers/files/readTar.ts"
import { describedIn, readShard } from "../readers/readWebDataset.ts"
import { textOf } from "../readers/readYolo.ts"
import { box, built } from "../support/built.ts"
import { maskOf } from "../support/maskOf.ts"

const shard = "train-000000.tar"

describe("WebDataset", () => {
  it.effect("has image, JSON and mask of a sample one after the other, as GNU tar reads them", () =>
    Effect.gen(function*() {
      const attributes = "{\"id\":12345678901234567890}"
      const mask = maskOf(4, 1, [shape("segment", "sky", []), shape("segment", "car", [], { instance: "2" })], [
        1,
        2,
        2,
        0
      ])
      const inputs = [
        image("a.b", { shapes: [shape("rectangle", "car", box(0, 0, 0.5, 1), { attributes })] }),
        image("a_b", { mask, width: 4, height: 1 }),
        image("c", { media: null })
      ]
      const { out } = yield* built(WebDataset.format, {}, inputs, { classes: { sky: null } })
      const archive = out.files.get(shard)!
      const names = ["a%2Eb.jpg", "a%2Eb.json", "a_b.jpg", "a_b.json", "a_b.mask.png", "c.json"]
      assert.deepStrictEqual(readTar(archive).map(({ mtime, name }) => [name, mtime]), names.map((name) => [name, 0]))
      assert.deepStrictEqual(listed(archive), names)
      // The format hands a missing image to the output, which counts it.
      assert.deepStrictEqual([...out.inputs.values()], ["c"])
      const [first, second] = readShard(archive)
      assert.include(textOf(first!, "json"), `"attributes":${attributes}`)
      assert.deepStrictEqual(describedIn(first!).shapes[0]?.points, [[0, 0], [0.5, 0], [0.5, 1], [0, 1]])
      assert.deepStrictEqual(readGray(second!.get("mask.png")!).values, [0, 2, 2, 0])
      assert.deepStrictEqual(
        describedIn(second!).segments.map(({ instance, label, value }) => [value, label, instance]),
        [
          [2, "car", "2"]
        ]
      )
    }))

  it.effect("has names of any length and script", () =>
    Effect.gen(function*() {
      const names = ["x".repeat(200), "\u65e5\u672c".repeat(33), "\u00e9t\u00e9"]
      const { out } = yield* built(WebDataset.format, {}, names.map((name) => ({ ...image("a"), name })))
      assert.deepStrictEqual(listed(out.files.get(shard)!), names.flatMap((name) => [`${name}.jpg`, `${name}.json`]))
      assert.deepStrictEqual(readShard(out.files.get(shard)!).map((parts) => describedIn(parts).name), names)
    }))

  it.effect("ends a shard when it has as many bytes as it may have", () =>
    Effect.gen(function*() {
      const inputs = Array.from({ length: 25 }, (_, index) => image(`i${index}`))
      const { out } = yield* built(WebDataset.format, { shard_bytes: 10 * 2048 }, inputs)
      const shards = [...out.files].filter(([path]) => path.endsWith(".tar"))
      assert.deepStrictEqual(shards.map(([path, bytes]) => [path, readShard(bytes).length]), [
        ["train-000000.tar", 10],
        ["train-000001.tar", 10],
        ["train-000002.tar", 5]
      ])
      const none = yield* built(WebDataset.format, {}, [])
      assert.deepStrictEqual(readTar(none.out.files.get(shard)!), [])
    }))
})
