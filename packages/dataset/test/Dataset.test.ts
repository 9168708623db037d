import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Coco, SamplesTable, Yolo } from "../src/index.ts"
import { image, ordinary, shape } from "../src/testing/corpus.ts"
import { readLabels, textOf } from "./readers/readYolo.ts"
import { box, built } from "./support/built.ts"

const car = shape("rectangle", "car", box(0, 0, 1, 1))
const line = shape("line", "lane", [[0, 0], [1, 1]])

describe("a dataset", () => {
  it.effect("has the same classes in every format, those of dropped shapes and of legends included", () =>
    Effect.gen(function*() {
      const [yolo, coco] = [yield* built(Yolo.format, {}, ordinary), yield* built(Coco.format, {}, ordinary)]
      assert.deepStrictEqual(yolo.summary.classes, coco.summary.classes)
      assert.includeMembers([...yolo.summary.classes], ["lane", "road", "sunny"])
      assert.deepStrictEqual(JSON.parse(textOf(yolo.out.files, "classes.json")), yolo.summary.classes)
    }))

  it.effect("says in samples.csv where each sample comes from, which gives the same names again", () =>
    Effect.gen(function*() {
      const inputs = [
        image("a, \"b\"", { frame: { id: "f\n1", index: 0 } }),
        image("x", { url: "https://x.example/same.jpg" }),
        image("y", { url: "https://x.example/SAME.png", width: null, height: null })
      ]
      const { out } = yield* built(Yolo.format, {}, inputs)
      const table = textOf(out.files, "samples.csv")
      assert.match(table, /^name,file,split,batch_id,job_id,reference_id,frame_id,frame_index,url,width,height\n/)
      assert.include(table, "same,same.jpg,train,batch,job-x,x,,,https://x.example/same.jpg,80,40\n")
      const names = SamplesTable.namesIn(table, "samples.csv")
      const given = [...inputs].reverse().map((input) => ({ ...input, name: names.get(SamplesTable.keyOf(input))! }))
      const again = yield* built(Yolo.format, {}, given)
      assert.deepStrictEqual(new Set(readLabels(again.out.files).keys()), new Set(readLabels(out.files).keys()))
      assert.isTrue(names.has(SamplesTable.keyOf(inputs[0]!)))
    }))

  it.effect("gives no new sample a name that another one has by now", () =>
    Effect.gen(function*() {
      const { out } = yield* built(Yolo.format, {}, [image("a"), { ...image("b"), name: "a" }])
      const [first, second] = [...readLabels(out.files).keys()]
      assert.match(first!, /^train\/a-[0-9a-f]{8}$/)
      assert.strictEqual(second, "train/a")
    }))

  it.effect("leaves out what needs a size and has none, counts it, and names it", () =>
    Effect.gen(function*() {
      const inputs = Array.from({ length: 25 }, (_, i) => image(`i${i}`, { width: null, height: null, shapes: [car] }))
      const { summary } = yield* built(Coco.format, {}, inputs)
      assert.strictEqual(summary.samples, 0)
      assert.strictEqual(summary.withoutSize.count, 25)
      assert.deepStrictEqual(summary.withoutSize.names.slice(0, 2), ["i0", "i1"])
      assert.strictEqual(summary.withoutSize.names.length, 20)
      assert.deepStrictEqual(summary.losses.map(({ dropped, shape }) => [shape, dropped]), [["rectangle", 25], [
        "sample",
        25
      ]])
    }))

  it.effect("keeps images on which nothing is left, or drops them if that is asked for", () =>
    Effect.gen(function*() {
      const inputs = [image("a", { shapes: [car] }), image("b"), image("c", { shapes: [line] })]
      const [kept, dropped] = [
        yield* built(Yolo.format, {}, inputs),
        yield* built(Yolo.format, {}, inputs, { empty: "drop" })
      ]
      assert.strictEqual(kept.summary.samples, 3)
      assert.deepStrictEqual([...readLabels(dropped.out.files).keys()], ["train/a"])
      assert.include(JSON.stringify(dropped.summary.losses), "nothing is left on it")
    }))

  it.effect("with lossless fails before it writes, and says what would be lost", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        built(Yolo.format, {}, [image("a", { shapes: [car, line] })], { lossless: true })
      )
      assert.strictEqual(error.reason, "lossless")
      assert.match(error.message, /^yolo would lose 1 x line "lane" \(no place for line\): choose another format/)
    }))

  it.effect("with lossless accepts what was asked for", () =>
    Effect.gen(function*() {
      const settings = { lossless: true, empty: "drop", classes: { lane: null } } as const
      const { summary } = yield* built(
        Yolo.format,
        {},
        [image("a", { shapes: [car] }), image("b", { shapes: [line] })],
        settings
      )
      assert.strictEqual(summary.samples, 1)
    }))

  it.effect("reports losses in loss.json, a line for each kind", () =>
    Effect.gen(function*() {
      const { out, summary } = yield* built(Yolo.format, {}, [image("a", { shapes: [car, line, line] })])
      const text = textOf(out.files, "loss.json")
      assert.deepStrictEqual(JSON.parse(text), summary.losses)
      assert.deepStrictEqual(summary.losses, [
        { shape: "line", class: "lane", kept: 0, approximated: 0, dropped: 2, why: "no place for line" },
        { shape: "rectangle", class: "car", kept: 1, approximated: 0, dropped: 0, why: null }
      ])
    }))

  it.effect("drops a shape whose points are no numbers", () =>
    Effect.gen(function*() {
      const shapes = [
        shape("rectangle", "car", box(0, 0, Number.NaN, 1)),
        shape("rectangle", "car", box(0, 0, Infinity, 1))
      ]
      const { out, summary } = yield* built(Yolo.format, {}, [image("a", { shapes })])
      assert.strictEqual(textOf(out.files, "labels/train/a.txt"), "")
      assert.strictEqual(summary.losses[0]?.dropped, 2)
    }))
})

describe("a table", () => {
  it("that is none is refused, with its path", () => {
    for (const text of ["", "a,b\n", "reference_id\nx\n", "\"reference_id,split\nx,y\n", "reference_id,split\nx\n"]) {
      assert.throws(
        () => SamplesTable.splitsIn(text, "my.csv"),
        /^my.csv is no table with the columns reference_id,split/
      )
    }
    assert.throws(() => SamplesTable.splitsIn("reference_id,split\nx,../up\n", "my.csv"), /"..\/up", which is no name/)
  })

  it("of splits is read as spreadsheets write it", () => {
    const table = SamplesTable.splitsIn("\ufeffsplit,reference_id\r\nval,\"a \"\"b\"\", c\"\r\n\r\ntest,d", "my.csv")
    assert.deepStrictEqual([...table], [["a \"b\", c", "val"], ["d", "test"]])
  })

  it("of names has each safe name once", () => {
    const of = (...names: ReadonlyArray<string>) =>
      `name,batch_id,job_id,frame_id,frame_index\n${names.map((name, i) => `${name},b,${i},,\n`).join("")}`
    assert.strictEqual(SamplesTable.namesIn(of("a", "b"), "s.csv").size, 2)
    assert.throws(() => SamplesTable.namesIn(of("a", "A"), "s.csv"), /"A" twice/)
    assert.throws(() => SamplesTable.namesIn(of("../a"), "s.csv"), /"..\/a", which cannot be the name of a file/)
  })
})
