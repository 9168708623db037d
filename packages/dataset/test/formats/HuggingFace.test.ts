import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { HuggingFace, Split } from "../../src/index.ts"
import { image, shape } from "../../src/testing/corpus.ts"
import { readGray } from "../readers/files/readPng.ts"
import { query, readConfigs, readLines } from "../readers/readHuggingFace.ts"
import { box, built } from "../support/built.ts"
import { maskOf } from "../support/maskOf.ts"

const attributes = "{\"id\":12345678901234567890}"
const car = shape("rectangle", "car", box(0.25, 0.25, 0.5, 0.75), { attributes, track: "t" })
const mask = maskOf(80, 40, [shape("segment", "road", []), shape("segment", "car", [], { instance: "1" })], [
  ...Array<number>(1600).fill(1),
  ...Array<number>(1600).fill(2)
])

describe("a Hugging Face imagefolder", () => {
  it.effect("has a row for each image that is there, and says where the splits are", () =>
    Effect.gen(function*() {
      const split = Split.make({ table: new Map([["b", "test"]]) })
      const inputs = [image("a", { shapes: [car] }), image("b"), image("gone", { media: null, shapes: [car] })]
      const { out, summary } = yield* built(HuggingFace.format, {}, inputs, { split })
      assert.deepStrictEqual(readConfigs(out.files), [
        { split: "train", path: "train/**" },
        { split: "test", path: "test/**" }
      ])
      const [row] = readLines(out.files, "train")
      assert.deepStrictEqual(row?.objects, {
        bbox: [[20, 10, 20, 20]],
        area: [400],
        categories: [0],
        track_id: ["t"],
        instance: [null],
        attributes: [attributes]
      } as never)
      assert.deepStrictEqual(Object.keys(readLines(out.files, "test")[0]!), Object.keys(row!))
      assert.deepStrictEqual([...out.inputs.keys()], ["train/a.jpg", "test/b.jpg"])
      assert.deepStrictEqual(summary.losses.find(({ shape: of }) => of === "sample")?.dropped, 1)
    }))

  it.effect("has a mask for every image if one has one", () =>
    Effect.gen(function*() {
      const { out } = yield* built(HuggingFace.format, {}, [image("a", { mask }), image("b")])
      const rows = readLines(out.files, "train")
      const values = rows.map((row) => new Set(readGray(out.files.get(`train/${row.mask_file_name}`)!).values))
      assert.deepStrictEqual(values, [new Set([2, 1]), new Set([0])])
      assert.deepStrictEqual(rows.map((row) => row.segments?.categories), [[1, 0], []])
    }))
})

describe("a Hugging Face Parquet file", () => {
  it.effect("has images, masks and boxes in columns that say what they are", () =>
    Effect.gen(function*() {
      const inputs = [image("a", { shapes: [car], mask }), image("b", { media: null })]
      const { out } = yield* built(HuggingFace.format, { layout: "parquet" }, inputs)
      const [rows, metadata] = yield* Effect.promise(() =>
        query(
          out.files,
          "select image.path as path, octet_length(image.bytes)::int as bytes, octet_length(mask.bytes) > 0 as masked, " +
            "width::int as width, objects.bbox as boxes, objects.attributes as attributes, " +
            "segments.instance as instances from read_parquet(FILES)",
          "select decode(value) as text from parquet_kv_metadata(FILES) where decode(key) = 'huggingface'"
        )
      )
      assert.deepStrictEqual(rows, [
        {
          path: "a.jpg",
          bytes: 4,
          masked: true,
          width: 80,
          boxes: [[20, 10, 20, 20]],
          attributes: [attributes],
          instances: [null, "1"]
        },
        { path: null, bytes: null, masked: true, width: 80, boxes: [], attributes: [], instances: [] }
      ])
      const { info: { features } } = JSON.parse(String(metadata![0]!["text"])) as {
        info: { features: Readonly<Record<string, unknown>> }
      }
      assert.deepStrictEqual([features["image"], features["mask"]], [{ _type: "Image" }, { _type: "Image" }])
      assert.deepStrictEqual(readConfigs(out.files), [{ split: "train", path: "data/train-*.parquet" }])
      // The format hands a missing image to the output, which counts it.
      assert.deepStrictEqual([...out.inputs.values()], ["b"])
    }))

  it.effect("ends when it has as many bytes as it may have, and has row groups of at most 100 rows", () =>
    Effect.gen(function*() {
      const inputs = Array.from({ length: 250 }, (_, index) => image(`i${index}`))
      const one = yield* built(HuggingFace.format, { layout: "parquet" }, inputs)
      const [groups] = yield* Effect.promise(() =>
        query(one.out.files, "select max(row_group_num_rows)::int as most from parquet_metadata(FILES)")
      )
      assert.deepStrictEqual(groups, [{ most: 100 }])
      const { out } = yield* built(HuggingFace.format, { layout: "parquet", shard_bytes: 26_000 }, inputs)
      const files = [...out.files.keys()].filter((path) => path.endsWith(".parquet"))
      assert.deepStrictEqual(files, ["000000", "000001", "000002"].map((number) => `data/train-${number}.parquet`))
      const [count] = yield* Effect.promise(() =>
        query(out.files, "select count(distinct reference_id)::int as n from read_parquet(FILES)")
      )
      assert.deepStrictEqual(count, [{ n: 250 }])
    }))
})
