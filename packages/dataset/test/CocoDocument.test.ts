import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Coco, CocoDocument } from "../src/index.ts"
import { readFile } from "./readers/readCoco.ts"
import { built } from "./support/built.ts"

const job = { batchId: "b", jobId: "j", referenceId: "r" }

const image = (id: number) => ({ id, file_name: `${id}.jpg`, width: 4, height: 2 })

const annotation = (more: object) => ({ id: 9, image_id: 1, category_id: 5, iscrowd: 0, ...more })

const document = (annotations: ReadonlyArray<unknown>, images = [image(1)]) => ({
  images,
  annotations,
  categories: [{ id: 5, name: "Chair", supercategory: "" }, { id: 2, name: "Table" }]
})

describe("a COCO document as a result", () => {
  it.effect("comes out as it went in, with ids of its own", () =>
    Effect.gen(function*() {
      const annotations = [
        annotation({
          bbox: [0.388, 0.232, 3.036, 1.152],
          segmentation: [],
          attributes: { color: ["red"] },
          track_id: 3
        }),
        annotation({ bbox: [0, 0, 4, 2], segmentation: [[0, 0, 4, 0, 0, 2]], category_id: 2 }),
        annotation({ segmentation: { size: [2, 4], counts: [0, 1, 3, 2, 2] } })
      ]
      const read = CocoDocument.read(document(annotations), job)
      assert.deepStrictEqual(read?.problems, [])
      const { out } = yield* built(Coco.format, {}, read!.inputs, { classes: ["Table", "Chair"] })
      const coco = readFile(out.files, "train")
      assert.deepStrictEqual(coco.annotations, [
        {
          id: 1,
          image_id: 1,
          category_id: 2,
          bbox: [0.388, 0.232, 3.036, 1.152],
          area: 3.4975,
          iscrowd: 0,
          segmentation: [],
          attributes: { color: ["red"], track_id: "3" }
        },
        {
          id: 2,
          image_id: 1,
          category_id: 1,
          bbox: [0, 0, 4, 2],
          area: 4,
          iscrowd: 0,
          segmentation: [[0, 0, 4, 0, 0, 2]],
          attributes: {}
        },
        {
          id: 3,
          image_id: 1,
          category_id: 2,
          bbox: [0, 0, 3, 2],
          area: 3,
          iscrowd: 0,
          segmentation: { size: [2, 4], counts: "0131O" },
          attributes: {}
        }
      ])
    }))

  it("gives keypoints their numbers, and leaves out those without a label", () => {
    const read = CocoDocument.read(document([annotation({ keypoints: [0, 0, 0, 2, 1, 2], num_keypoints: 1 })]), job)
    const [shape] = read!.inputs[0]!.shapes
    assert.deepStrictEqual([shape?.type, shape?.points, shape?.pointLabels], ["landmark", [[0.5, 0.5]], [2]])
  })

  it("has its images as frames if there are several", () => {
    const { inputs } = CocoDocument.read(
      document([annotation({ bbox: [0, 0, 1, 1], image_id: 2 })], [image(1), image(2)]),
      job
    )!
    assert.deepStrictEqual(inputs.map(({ frame, shapes }) => [frame?.id, frame?.index, shapes.length]), [["1", 0, 0], [
      "2",
      1,
      1
    ]])
  })

  it("reports what cannot be read, with its place", () => {
    const { inputs, problems } = CocoDocument.read(
      document([
        { image_id: 1 },
        annotation({ category_id: 7, bbox: [0, 0, 1, 1] }),
        annotation({ image_id: 7, bbox: [0, 0, 1, 1] }),
        annotation({}),
        annotation({ segmentation: { size: [2, 4], counts: [1] } }),
        annotation({ segmentation: { size: [2, 4], counts: [9, -1] } }),
        annotation({ segmentation: { size: [2, 4], counts: [0, 8] } }),
        annotation({ segmentation: { size: [2, 4], counts: [0, 8] } })
      ]),
      job
    )!
    assert.deepStrictEqual(problems.map(({ path }) => path), [
      ...[0, 1, 2, 3, 4, 5].map((index) => `/annotations/${index}`),
      "/images/0"
    ])
    assert.strictEqual(inputs[0]?.mask?.entries.length, 2)
  })

  it.prop(
    "is anything that has images, annotations and categories, and nothing else",
    [Schema.Json],
    ([value]) => CocoDocument.read(value, job) === undefined,
    { arbitrary: { runs: 100 } }
  )
})
