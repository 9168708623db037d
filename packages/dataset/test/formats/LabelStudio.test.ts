import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { LabelStudio } from "../../src/index.ts"
import { image, shape } from "../../src/testing/corpus.ts"
import { lint } from "../readers/files/readXml.ts"
import { readConfiguration, readTasks } from "../readers/readLabelStudio.ts"
import { box, built, diamond } from "../support/built.ts"

describe("Label Studio", () => {
  it.effect("has regions in percent, each of a tag of the configuration", () =>
    Effect.gen(function*() {
      const shapes = [
        shape("rectangle", "<a>", box(0.25, 0.25, 0.5, 0.75), { attributes: "{\"n\":[1,\"x\"]}", track: "t" }),
        shape("rectangle", "<a>", diamond),
        shape("line", "b", [[0, 0], [1, 1]]),
        shape("landmark", "b", [[0.5, 0.5], [0.25, 1]]),
        shape("classification", "night", [])
      ]
      const { out } = yield* built(LabelStudio.format, {}, [image("a", { shapes })])
      const [{ annotations: [{ result }], data }] = readTasks(out.files, "train") as never as [
        ReturnType<typeof readTasks>[number]
      ]
      assert.strictEqual(data.image, "/data/local-files/?d=images/train/a.jpg")
      assert.deepStrictEqual(result.map(({ id, type, value }) => [id, type, value]), [
        ["1", "rectanglelabels", { x: 25, y: 25, width: 25, height: 50, rotation: 0, rectanglelabels: ["<a>"] }],
        ["2", "rectanglelabels", {
          x: 50,
          y: 30,
          width: 14.1421,
          height: 28.2843,
          rotation: 45,
          rectanglelabels: ["<a>"]
        }],
        ["3", "polygonlabels", { points: [[0, 0], [100, 100]], closed: false, polygonlabels: ["b"] }],
        ["4", "keypointlabels", { x: 50, y: 50, width: 0.5, keypointlabels: ["b"] }],
        ["4.2", "keypointlabels", { x: 25, y: 100, width: 0.5, keypointlabels: ["b"] }],
        ["5", "choices", { choices: ["night"] }]
      ])
      assert.deepStrictEqual(result[0]?.meta, { text: ["n: 1, x", "track_id: t"] })
      assert.deepStrictEqual(readConfiguration(out.files).get("class"), ["<a>", "b", "night"])
      assert.isTrue(lint(out.files.get("config.xml")!) ?? true)
    }))

  it.effect("names the URL of an image that is not there, and turned rectangles without a size as polygons", () =>
    Effect.gen(function*() {
      const shapes = [shape("rectangle", "a", diamond)]
      const { out } = yield* built(LabelStudio.format, {}, [
        image("a b", { media: null, width: null, height: null, shapes }),
        image("c d")
      ], { names: "reference" })
      const [without, there] = readTasks(out.files, "train")
      assert.strictEqual(without?.data.image, "https://storage.example/a%20b.jpg")
      assert.strictEqual(without?.annotations[0].result[0]?.type, "polygonlabels")
      assert.strictEqual(there?.data.image, "/data/local-files/?d=images/train/c%20d.jpg")
    }))
})
