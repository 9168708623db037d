import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { ResultDocument } from "../src/index.ts"
import { content, count, encode, fixture, job, read, samples, scanned, whole } from "./document/support.ts"

const shape = (points: object) => ({ data: { annotations: { polygons: [{ _id: "a", label: "l", ...points }] } } })
const line = { points: [[0, 0]] }
const sort = (values: ReadonlyArray<unknown>) => values.map((value) => JSON.stringify(value)).sort()

describe("ResultDocument", () => {
  it.effect.each(
    [
      ["image_annotation_mixed.json", "image_annotation", true, 5],
      ["image_annotation_empty.json", "image_annotation", true, 0],
      ["image_classification.json", "image_classification", true, 1],
      ["image_segmentation.json", "image_segmentation", false, 7],
      ["video_annotation.json", "video_annotation", true, 4],
      ["video_segmentation.json", "video_segmentation", true, 2],
      ["point_cloud_annotation_3d.json", "point_cloud_annotation", true, 2],
      ["point_cloud_2d_3d_linking.json", "point_cloud_annotation", true, 2],
      ["point_cloud_segmentation.json", "point_cloud_segmentation", false, 2],
      ["point_cloud_segmentation_legacy.json", "point_cloud_segmentation", false, 3],
      ["custom_submission_coco.json", "unknown", false, 1]
    ] as const
  )("recognizes the kind of %s", ([name, type, wrapped, rows]) =>
    Effect.gen(function*() {
      const document = yield* read(fixture(name))
      assert.deepStrictEqual(
        [document.resultType, document.wrapped, document.rows.length, document.problems],
        [type, wrapped, rows, []]
      )
    }))

  it.effect.each(samples)(
    "agrees with an independent count of labels, frames and attributes in %s",
    (name) =>
      Effect.gen(function*() {
        const bytes = fixture(name)
        const expected = count(JSON.parse(new TextDecoder().decode(bytes)))
        const { rows } = yield* read(bytes)
        assert.deepStrictEqual(
          sort(rows.map((row) => ({
            label: row.label,
            frame: row.frame_id,
            attributes: JSON.parse(row.attributes) as unknown
          }))),
          sort(expected)
        )
        assert.deepStrictEqual(rows.map((row) => row.annotation_index), rows.map((_, index) => index))
      })
  )

  it.effect("gives a rectangle its ordered corners, extent, flat attributes, and source path", () =>
    Effect.gen(function*() {
      const { rows } = yield* read(fixture("image_annotation_rectangle.json"))
      assert.deepStrictEqual(rows, [{
        batch_id: "batch",
        job_id: "job",
        annotation_index: 0,
        annotation_id: "0e6d895e-2484-439a-b62b-d8a0afb3d190",
        track_id: null,
        frame_id: null,
        sensor_id: null,
        type: "rectangle",
        label: "Chair",
        instance: null,
        x_min: 0.00398,
        y_min: 0.00558,
        x_max: 0.05404,
        y_max: 0.09096,
        geometry: "[[0.00398,0.00558],[0.05404,0.00558],[0.05404,0.09096],[0.00398,0.09096]]",
        attributes: "{\"Truncation\":\"0% Truncated\",\"Occlusion\":\"0% Occluded\"}",
        color: null,
        label_key: null,
        source_path: "/data/annotations/rectangles/0",
        frame_index: null,
        media_index: 0,
        key_frame: null,
        point_labels: null,
        center_x: null,
        center_y: null,
        center_z: null,
        size_x: null,
        size_y: null,
        size_z: null,
        rotation_x: null,
        rotation_y: null,
        rotation_z: null,
        rotation_w: null
      }])
    }))

  it.effect("splits the legend of a mask into class and instance, with the colors of the mask", () =>
    Effect.gen(function*() {
      const { rows } = yield* read(fixture("image_segmentation.json"))
      assert.deepStrictEqual(
        rows.slice(0, 3).map((row) => [row.type, row.label, row.instance, row.color, row.geometry, row.source_path]),
        [
          ["segment", "car", "4", "#03f561", "[]", "/legend/#03f561"],
          ["segment", "car", null, "#0400e6", "[]", "/legend/#0400e6"],
          ["segment", "pedestrian", "1", "#0b0d73", "[]", "/legend/#0b0d73"]
        ]
      )
    }))

  it.effect("gives a tracker one row for each frame that shows it, under the tracker's id", () =>
    Effect.gen(function*() {
      const { rows } = yield* read(fixture("video_annotation.json"))
      assert.deepStrictEqual(rows[0]?.track_id, "24a46dde-7e65-4cfb-b31e-fd6fe905fcfa")
      assert.deepStrictEqual(rows[0]?.annotation_id, "1302b2d7-db3c-4d02-828d-ff33d8678c01")
      assert.deepStrictEqual(rows[0]?.source_path, "/data/annotation_data/annotations/0/frames/frame001")
      assert.deepStrictEqual(new Set(rows.map((row) => row.type)), new Set(["rectangle", "line", "polygon"]))
    }))

  it.effect("takes from a tracker what its frames leave out", () =>
    Effect.gen(function*() {
      const coordinates = [{ x: 0, y: 0 }, { x: 1, y: 1 }]
      const annotations = [{
        _id: "t",
        type: "rectangle",
        label: "car",
        attributes: { moving: { value: "yes" } },
        frames: {
          f1: { coordinates },
          f2: { label: "van", attributes: { moving: { value: "no" } }, coordinates },
          f3: null
        }
      }]
      const document = { annotation_data: { annotations }, video_data: { frames: [] } }
      for (const limit of [whole, scanned]) {
        const { problems, rows } = yield* read(encode(document), limit)
        assert.deepStrictEqual(problems, [])
        assert.deepStrictEqual(
          rows.map((row) => [row.frame_id, row.track_id, row.annotation_id, row.type, row.label, row.attributes]),
          [
            ["f1", "t", null, "rectangle", "car", "{\"moving\":\"yes\"}"],
            ["f2", "t", null, "rectangle", "van", "{\"moving\":\"no\"}"]
          ]
        )
      }
    }))

  it.effect("keeps the platform's object as the geometry of a 3D box, and links it to its 2D box", () =>
    Effect.gen(function*() {
      const { rows } = yield* read(fixture("point_cloud_2d_3d_linking.json"))
      assert.deepStrictEqual(rows.map((row) => [row.type, row.sensor_id, row.color, row.x_min]), [
        ["box_3d", null, "#97160f", null],
        ["rectangle", "cam-1", "#97160f", 0.31]
      ])
      for (const row of rows) assert.strictEqual(row.track_id, "3f05676e-c959-43d4-a95b-a1168caabe35")
      assert.deepInclude(JSON.parse(rows[0]?.geometry ?? ""), { center: { x: 13.4, y: -3.1, z: 0.8 } })
    }))

  it.effect("joins segments of clouds to point labels by label key, and segments of videos to the legend's colors", () =>
    Effect.gen(function*() {
      const older = yield* read(fixture("point_cloud_segmentation_legacy.json"))
      assert.deepStrictEqual(older.rows.map((row) => [row.label, row.instance, row.label_key, row.color]), [
        ["crosswalk", null, 0, "#f423f2"],
        ["MINIVAN", "1", 1, "#465a6e"],
        ["MINIVAN", "2", 2, "#8f00d6"]
      ])
      const newer = yield* read(fixture("point_cloud_segmentation.json"))
      assert.deepStrictEqual(newer.rows.map((row) => [row.label, row.frame_id, row.label_key, row.color]), [
        ["Vehicle", "0", 1, "#4799c1"],
        ["crosswalk", "0", 2, "#f423f2"]
      ])
      const video = yield* read(fixture("video_segmentation.json"))
      assert.deepStrictEqual(video.rows.map((row) => [row.label, row.instance, row.frame_id, row.color]), [
        ["car", "1", "frame1", "#03f561"],
        ["car", "1", "frame2", "#03f561"]
      ])
    }))

  it.effect.each(
    [
      ["image_segmentation.json", ["mask null /url"], []],
      ["video_segmentation.json", [
        "mask frame1 /data/annotation_data/masks/0/url",
        "mask frame2 /data/annotation_data/masks/1/url"
      ], [
        "input frame1 /data/sensor_data/frames/0/sensors/0/data_url",
        "input frame2 /data/sensor_data/frames/1/sensors/0/data_url"
      ]],
      ["point_cloud_segmentation_legacy.json", ["point_cloud null /url"], []],
      ["point_cloud_segmentation.json", ["point_labels 0 /annotation_data/masks/0/label_url"], [
        "input 0 /sensor_data/frames/0/sensors/0/data_url"
      ]],
      ["image_annotation_mixed.json", [], ["input null /data/image_url"]],
      ["video_annotation.json", [], [
        "input frame001 /data/video_data/frames/0/src",
        "input frame002 /data/video_data/frames/1/src",
        "input frame003 /data/video_data/frames/2/src"
      ]],
      ["custom_submission_coco.json", [], []]
    ] as const
  )("names the files of %s, and its inputs only when asked", ([name, files, inputs]) =>
    Effect.gen(function*() {
      const named = (attachments: Effect.Success<ReturnType<typeof read>>["attachments"]) =>
        attachments.map(({ frameId, role, sourcePath }) => `${role} ${frameId} ${sourcePath}`)
      for (const limit of [whole, scanned]) {
        assert.deepStrictEqual(named((yield* read(fixture(name), limit)).attachments), [...files])
        const all = yield* read(fixture(name), { ...limit, inputs: true })
        assert.deepStrictEqual(named(all.attachments), [...files, ...inputs])
        assert.deepStrictEqual(all.attachments.map(({ index }) => index), all.attachments.map((_, index) => index))
      }
    }))

  it.effect("names a file once for each role and frame", () =>
    Effect.gen(function*() {
      const masks = [{ frame_id: "1", url: "u" }, { frame_id: "1", url: "u" }, { frame_id: "2", url: "u" }, {
        url: " "
      }]
      const document = { annotation_data: { annotations: [], masks, legend: {} } }
      for (const limit of [whole, scanned]) {
        const { attachments } = yield* read(encode(document), limit)
        assert.deepStrictEqual(attachments.map(({ sourcePath }) => sourcePath), [
          "/annotation_data/masks/0/url",
          "/annotation_data/masks/2/url"
        ])
      }
    }))

  it.effect("orders polygons along their edges, and by name if the edges form no ring", () =>
    Effect.gen(function*() {
      const points = { p10: { x: 4, y: 0 }, p1: { x: 1, y: 0 }, p2: { x: 2, y: 0 }, p9: { x: 3, y: 0 } }
      const along = { e1: ["p1", "p9"], e2: ["p2", "p9"], e3: ["p2", "p10"], e4: ["p10", "p1"] }
      const cases = [
        [along, [1, 3, 2, 4]],
        [{ ...along, e4: ["p10", "p10"] }, [1, 2, 3, 4]],
        [{ ...along, e5: ["p1", "p2"] }, [1, 2, 3, 4]],
        [{ ...along, e4: ["p10", "p7"] }, [1, 2, 3, 4]],
        [undefined, [1, 2, 3, 4]],
        [[], [1, 2, 3, 4]]
      ] as const
      for (const [edges, expected] of cases) {
        const { rows } = yield* read(encode(shape({ points, edges })))
        const geometry = JSON.parse(rows[0]?.geometry ?? "") as ReadonlyArray<readonly [number, number]>
        assert.deepStrictEqual(geometry.map(([x]) => x), [...expected])
      }
    }))

  it.effect.each(
    [
      ["shapes", {
        annotations: { lines: Array.from({ length: 1500 }, () => line), polygons: Array(1000).fill(null) }
      }],
      ["colours", { url: "u", legend: Object.fromEntries(Array.from({ length: 2500 }, (_, n) => [`#${n}`, "a"])) }]
    ] as const
  )("hands on %s a thousand at a time", ([, document]) =>
    Effect.gen(function*() {
      for (const limit of [whole, scanned]) {
        const { rows } = yield* ResultDocument.open(content(encode(document)), limit)
        const parts = yield* Stream.runCollect(rows(job))
        assert.deepStrictEqual(parts.map(({ problems, rows }) => problems.length + rows.length), [1000, 1000, 500])
      }
    }))
})
