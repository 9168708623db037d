/** Documents that are damaged, or odd, or at the limits of numbers, text, and depth. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { content, encode, fixture, read, scanned, whole } from "./document/support.ts"

const line = { points: [[0, 0]] }

describe("ResultDocument", () => {
  it.effect.each(
    [
      ["nothing", new Uint8Array()],
      ["text", new TextEncoder().encode("<html>")],
      ["half a document", encode({ data: { annotations: { rectangles: [] } } }).slice(0, -1)],
      ["two documents", new TextEncoder().encode("{} {}")],
      ["invalid UTF-8", new Uint8Array([0x22, 0xff, 0x22])],
      ["a list", encode([{ data: 1 }])],
      ["a number", encode(3)],
      ["null", encode(null)],
      ["an empty object", encode({})],
      ["an empty body", encode({ data: {} })],
      ["nesting beyond any stack", new TextEncoder().encode("[".repeat(100_000) + "]".repeat(100_000))]
    ] as const
  )("gives one unknown row for %s", ([, bytes]) =>
    Effect.gen(function*() {
      for (const limit of [whole, scanned]) {
        const document = yield* read(bytes, limit)
        assert.deepStrictEqual(
          [document.resultType, document.attachments, document.problems, document.rows.length],
          ["unknown", [], [], 1]
        )
        assert.deepInclude(document.rows[0], { type: "unknown", source_path: "", label: "", geometry: "[]" })
      }
    }))

  it.effect("skips a byte order mark, also if it is split between chunks", () =>
    Effect.gen(function*() {
      const bytes = new Uint8Array([0xef, 0xbb, 0xbf, ...fixture("image_annotation_mixed.json")])
      assert.strictEqual((yield* read(bytes, whole)).rows.length, 5)
      assert.strictEqual((yield* read(content(bytes, [2]), scanned)).rows.length, 5)
    }))

  it.effect("reports a malformed annotation with its place and keeps the others", () =>
    Effect.gen(function*() {
      const good = { _id: "a", label: "l", coordinates: [{ x: 0, y: 0 }, { x: 1, y: 1 }] }
      const bad = [null, 3, {}, { coordinates: [] }, { coordinates: [{ x: "0", y: 0 }] }, { ...good, attributes: 3 }]
      const document = { data: { annotations: { "rectangles": [...bad, good], "a/b~c": [7], "polygons": {} } } }
      for (const limit of [whole, scanned]) {
        const { problems, rows } = yield* read(encode(document), limit)
        assert.deepStrictEqual(rows.map((row) => [row.annotation_index, row.source_path]), [
          [0, "/data/annotations/rectangles/6"]
        ])
        assert.deepStrictEqual(problems.map(({ path }) => path), [
          ...[0, 1, 2, 3, 4, 5].map((index) => `/data/annotations/rectangles/${index}`),
          "/data/annotations/a~1b~0c/0",
          "/data/annotations/polygons"
        ])
      }
    }))

  it.effect("takes label keys that 32 bits hold, as numbers or text, and reports all others", () =>
    Effect.gen(function*() {
      const keys = [2 ** 31 - 1, -(2 ** 31), "7", null, 2 ** 31, -(2 ** 31) - 1, 1.5, "x", "", {}]
      const document = { legend: keys.map((label_key) => ({ text: "car", label_key })), url: "u" }
      for (const limit of [whole, scanned]) {
        const { problems, rows } = yield* read(encode(document), limit)
        assert.deepStrictEqual(rows.map((row) => row.label_key), [2 ** 31 - 1, -(2 ** 31), 7, null])
        assert.deepStrictEqual(problems.map(({ path }) => path), [4, 5, 6, 7, 8, 9].map((index) => `/legend/${index}`))
      }
    }))

  it.effect("keeps every digit of a number in ids, attributes and geometry, so that two tracks stay two", () =>
    Effect.gen(function*() {
      const track = (id: string) =>
        `{"_id": ${id}, "type": "line", "label": "car", "frames": {"f": {"_id": ${id}9,
          "attributes": {"speed": {"value": 0.1234567890123456789}, "owners": {"value": [${id}, 1e400]}},
          "points": [[0.1234567890123456789, 1], [1e3, 0.5]]}}}`
      const text = `{"data": {"video_data": {}, "annotation_data":
        {"annotations": [${track("9007199254740992")}, ${track("9007199254740993")}]}}}`
      for (const limit of [whole, scanned]) {
        const { problems, rows } = yield* read(new TextEncoder().encode(text), limit)
        assert.deepStrictEqual(problems, [])
        assert.deepStrictEqual(rows.map((row) => row.track_id), ["9007199254740992", "9007199254740993"])
        assert.deepStrictEqual(rows.map((row) => row.annotation_id), ["90071992547409929", "90071992547409939"])
        const [, row] = rows
        assert.strictEqual(row?.attributes, `{"speed":0.1234567890123456789,"owners":[9007199254740993,1e400]}`)
        assert.strictEqual(row?.geometry, "[[0.1234567890123456789,1],[1000,0.5]]")
        assert.strictEqual(row?.x_min, 0.12345678901234568)
      }
    }))

  it.effect("repairs text with half a character, which UTF-8 cannot hold, and reports its place", () =>
    Effect.gen(function*() {
      const text = String.raw`{"annotations": {"lines": [
        {"label": "fine \ud83d\ude00 \u0000", "points": [[0, 0]]},
        {"label": "torn \ud83d", "attributes": {"a \ude00": {"value": "\ud83d"}}, "points": [[0, 0]]},
        {"_id": "\ude00", "points": [[0, 0]]}
      ], "\ud83d": [1]}}`
      for (const limit of [whole, scanned]) {
        const { problems, rows } = yield* read(new TextEncoder().encode(text), limit)
        assert.deepStrictEqual(rows.map(({ annotation_id, label }) => [annotation_id, label]), [
          [null, "fine \u{1f600} \u0000"],
          [null, "torn \ufffd"],
          ["\ufffd", ""]
        ])
        assert.deepStrictEqual(JSON.parse(rows[1]?.attributes ?? ""), { "a \ude00": "\ud83d" })
        const places = ["/annotations/lines/1", "/annotations/lines/2", "/annotations/\ufffd/0"]
        assert.deepStrictEqual(problems.map(({ path }) => path), places)
      }
    }))

  it.effect.each(
    [
      [{ annotations: { rectangles: null, polygons: null } }, "image_annotation", []],
      [{ annotations: { rectangles: null, lines: [line] } }, "image_annotation", ["/annotations/lines/0"]],
      [{ video_data: { frames: null }, annotation_data: { annotations: null } }, "video_annotation", []],
      [
        {
          video_data: {},
          annotation_data: { annotations: [{ type: "line", frames: null }, { frames: null, ...line }] }
        },
        "video_annotation",
        ["/annotation_data/annotations/1"]
      ],
      [{ legend: null, url: "https://files.example/mask.png" }, "image_segmentation", []],
      [{ legend: null, url: "https://files.example/cloud.pcd" }, "point_cloud_segmentation", []],
      [
        { masks: [{ url: "m" }], legend: { "#010203": "car" }, annotation_data: { annotations: null, legend: null } },
        "video_segmentation",
        ["/legend/#010203"]
      ]
    ] as const
  )("takes null for an empty list in %j", ([document, type, places]) =>
    Effect.gen(function*() {
      for (const limit of [whole, scanned]) {
        const { problems, resultType, rows } = yield* read(encode(document), limit)
        assert.deepStrictEqual([resultType, rows.map((row) => row.source_path), problems], [type, [...places], []])
      }
    }))

  it.effect("writes geometry and attributes of any depth", () =>
    Effect.gen(function*() {
      const deep = "[".repeat(50_000) + "]".repeat(50_000)
      const text = `{"data":{"annotation_data":{"annotations":[{"type":"3d_bounding_box","center":{"x":${deep}},` +
        `"attributes":{"a":{"value":${deep}}}}]}}}`
      for (const limit of [whole, scanned]) {
        const { problems, rows } = yield* read(new TextEncoder().encode(text), limit)
        assert.deepStrictEqual(problems, [])
        assert.include(rows[0]?.geometry, deep)
        assert.strictEqual(rows[0]?.attributes, `{"a":${deep}}`)
      }
    }))

  it.effect("follows JSON.parse if keys repeat or are integers", () =>
    Effect.gen(function*() {
      const list = (id: string) => `[{"_id":"${id}","coordinates":[{"x":0,"y":0}]}]`
      const text =
        `{"data":{"annotations":{"rectangles":${list("lost")},"polygons":${list("p")},"2":${list("second")},` +
        `"1":${list("first")},"rectangles":${list("r")},"__proto__":${list("proto")}}},"data2":0}`
      for (const limit of [whole, scanned]) {
        const { rows } = yield* read(new TextEncoder().encode(text), limit)
        assert.deepStrictEqual(rows.map((row) => row.annotation_id), ["first", "second", "r", "p", "proto"])
      }
    }))
})
