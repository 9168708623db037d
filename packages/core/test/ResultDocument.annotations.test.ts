import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { category, fusion } from "./document/inputs.ts"
import { both, encode, encodeExact, fixture } from "./document/support.ts"

describe("an annotation", () => {
  it.effect("of a 3D box has its numbers, not converted, by the spellings that are known", () =>
    Effect.gen(function*() {
      const { rows } = yield* both(fixture("point_cloud_annotation_3d.json"))
      assert.deepInclude(rows[0], {
        type: "box_3d",
        key_frame: true,
        center_x: 13.4,
        center_y: -3.1,
        center_z: 0.8,
        size_x: 4.4,
        size_y: 1.8,
        size_z: 1.5,
        rotation_x: 0,
        rotation_y: 0,
        rotation_z: 1.5708,
        rotation_w: null
      })
      assert.strictEqual(rows[1]?.key_frame, false)
      const odd = {
        type: "3d_bounding_box",
        center: { x: "#1e400#", y: "2", z: "#0.1234567890123456789#" },
        size: { x: 1 },
        position: { x: 1 },
        rotation: { w: 0.5, x: null }
      }
      const { rows: [row] } = yield* both(encodeExact({ data: { annotation_data: { annotations: [odd] } } }))
      assert.deepInclude(row, {
        center_x: null,
        center_y: null,
        center_z: 0.12345678901234568,
        size_x: null,
        rotation_x: null,
        rotation_w: 0.5,
        key_frame: null
      })
    }))

  it.effect("of another type has none", () =>
    Effect.gen(function*() {
      const { rows } = yield* both(fixture("point_cloud_2d_3d_linking.json"))
      assert.deepInclude(rows[1], {
        type: "rectangle",
        key_frame: true,
        center_x: null,
        size_x: null,
        rotation_z: null
      })
    }))

  it.effect("says whether a person drew it, by either spelling", () =>
    Effect.gen(function*() {
      const { rows } = yield* both(encodeExact(fusion))
      assert.deepStrictEqual(rows.slice(0, 3).map((row) => row.key_frame), [true, false, null])
    }))

  it.effect("with landmarks has their labels in the order of its points", () =>
    Effect.gen(function*() {
      const { rows: [sample] } = yield* both(fixture("image_annotation_landmark.json"))
      assert.strictEqual(sample?.point_labels, "[1,2,3,4,5,6]")
      const points = {
        p10: { x: 0.3, y: 0, label: "#9007199254740993#" },
        p2: { x: 0.2, y: 0 },
        p1: { x: 0.1, y: 0, label: "no\"se" }
      }
      const edges = { e1: ["p1", "p10"], e2: ["p10", "p2"], e3: ["p2", "p1"] }
      const annotations = {
        landmarks: [{ points, edges }, { points: [[0, 0], [1, 1]] }, { points: { p1: { x: 0, y: 0, label: null } } }],
        polygons: [{ points, edges }]
      }
      const { rows } = yield* both(encodeExact({ data: { annotations } }))
      assert.deepStrictEqual(rows.map(({ geometry, point_labels }) => [geometry, point_labels]), [
        ["[[0.1,0],[0.2,0],[0.3,0]]", "[\"no\\\"se\",null,9007199254740993]"],
        ["[[0,0],[1,1]]", null],
        ["[[0,0]]", null],
        ["[[0.1,0],[0.3,0],[0.2,0]]", null]
      ])
    }))
})

describe("a classification", () => {
  const blank = {
    type: "classification",
    geometry: "[]",
    x_min: null,
    y_min: null,
    x_max: null,
    y_max: null
  } as const
  const corners = [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 1, y: 1 }, { x: 0, y: 1 }]
  const rectangle = { label: "image", coordinates: corners }

  it.effect("of the only annotation that is all of the image has no extent, and keeps its attributes", () =>
    Effect.gen(function*() {
      const { resultType, rows } = yield* both(fixture("image_classification.json"))
      assert.strictEqual(resultType, "image_classification")
      assert.strictEqual(rows.length, 1)
      assert.deepInclude(rows[0], {
        ...blank,
        label: "image",
        attributes: "{\"time_of_day\":\"night\",\"weather\":[\"rain\",\"fog\"]}",
        source_path: "/data/annotations/rectangles/0",
        media_index: 0
      })
    }))

  it.effect("of a category is its label, at the top or under data", () =>
    Effect.gen(function*() {
      for (const [document, path] of [[category, "/data/category"], [category.data, "/category"]] as const) {
        const { media, problems, resultType, rows } = yield* both(encode(document))
        assert.strictEqual(resultType, "image_classification")
        assert.strictEqual(rows.length, 1)
        assert.deepInclude(rows[0], { ...blank, label: "cat", attributes: "{}", source_path: path, media_index: 0 })
        assert.deepStrictEqual(media.map(({ url }) => url), ["https://files.example/cat.jpg"])
        assert.deepStrictEqual(problems, [])
      }
      const alone = yield* both(encode({ annotations: {}, category: "a \ud83d" }))
      assert.deepStrictEqual(alone.rows.map(({ label, media_index }) => [label, media_index]), [["a \ufffd", null]])
      assert.deepStrictEqual(alone.problems.map(({ path }) => path), ["/category"])
    }))

  it.effect.each(
    [
      ["has another label", { rectangles: [{ ...rectangle, label: "Image" }] }],
      ["has a corner inside", {
        rectangles: [{ ...rectangle, coordinates: [...corners.slice(0, 3), { x: 0, y: 0.9 }] }]
      }],
      ["has a corner twice", { rectangles: [{ ...rectangle, coordinates: [...corners.slice(0, 3), corners[0]] }] }],
      ["is not alone in its list", { rectangles: [rectangle, rectangle] }],
      ["is not alone in the document", { rectangles: [rectangle], lines: [{ points: [[0, 0]] }] }]
    ] as const
  )("is no rectangle that %s", ([, annotations]) =>
    Effect.gen(function*() {
      const { resultType, rows } = yield* both(encode({ data: { annotations } }))
      assert.strictEqual(resultType, "image_annotation")
      assert.deepInclude(rows[0], { type: "rectangle", x_min: 0, y_min: 0, x_max: 1, y_max: 1 })
    }))

  it.effect.each([{ category: "" }, { category: 3 }, { category: "cat", annotations: [] }])(
    "is no document of custom code: %j",
    (document) =>
      Effect.gen(function*() {
        assert.strictEqual((yield* both(encode(document))).resultType, "unknown")
      })
  )
})
