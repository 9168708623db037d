import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import type { AnnotationRow, MediaRow } from "../src/AnnotationModel.ts"
import { ResultDocument } from "../src/index.ts"
import { category, frameless, fusion, listed, masked, torn, twice } from "./document/inputs.ts"
import { content, encode, encodeExact, fixture, job, read, scanned, whole } from "./document/support.ts"

/** What both readers give. */
const both = Effect.fnUntraced(function*(bytes: Uint8Array, options?: ResultDocument.OpenOptions) {
  const found = yield* read(bytes, { ...whole, ...options })
  assert.deepStrictEqual(yield* read(content(bytes, [777]), { ...scanned, ...options }), found)
  return found
})

const shown = ({ frame_id, frame_index, kind, sensor_id, url }: MediaRow) =>
  [kind, frame_id, frame_index, sensor_id, url].join(" ")

const placeOf = ({ frame_index, media_index }: AnnotationRow) => [frame_index, media_index]

const dummy = "https://dummyimage.com/600x400/000/fff.jpg"
const bucket = "https://s3.amazonaws.com/example-bucket"

const fused = [
  `point_cloud frame001 0 lidar ${bucket}/lidar/frame001.pcd`,
  `image frame001 0 cam-1 ${bucket}/cam-1/frame001.png`,
  `point_cloud frame002 1 lidar ${bucket}/lidar/frame002.pcd`,
  `image frame002 1 cam-1 ${bucket}/cam-1/frame002.png`
]

/** By fixture: the rows of media, and frame and medium of each annotation. */
const samples: Record<string, readonly [ReadonlyArray<string>, ReadonlyArray<readonly [unknown, unknown]>]> = {
  "image_annotation_empty": [["image    https://s3.aws.com/600x400/000/fff.jpg&text=Dummy+Image+1"], []],
  "image_annotation_landmark": [["image    https://s3.aws.com/600x400/000/fff.jpg&text=Dummy+Image+1"], [[null, 0]]],
  "image_classification": [["image    https://s3.aws.com/600x400/000/fff.jpg&text=Dummy+Image+1"], [[null, 0]]],
  "image_segmentation": [["image    "], Array.from({ length: 7 }, () => [null, 0] as const)],
  "video_annotation": [
    ["frame001 0", "frame002 1", "frame003 2"].map((frame) => `image ${frame}  ${dummy}`),
    [[0, 0], [1, 1], [0, 0], [2, 2]]
  ],
  "video_segmentation": [
    [`image frame1 0 camera ${bucket}/frame1.png`, `image frame2 1 camera ${bucket}/frame2.png`],
    [[0, 0], [1, 1]]
  ],
  "point_cloud_annotation_3d": [fused, [[0, 0], [1, 2]]],
  "point_cloud_2d_3d_linking": [fused, [[0, 0], [0, 1]]],
  "point_cloud_segmentation": [["point_cloud 0 0 lidar https://xyz.s3.com/123.pcd"], [[0, 0], [0, 0]]],
  "point_cloud_segmentation_legacy": [["point_cloud    "], [[null, 0], [null, 0], [null, 0]]],
  "custom_submission_coco": [[], [[null, null]]]
}

describe("the inputs of a result document", () => {
  it.effect.each(Object.keys(samples))(
    "are rows of media, which annotations refer to: %s",
    (name) =>
      Effect.gen(function*() {
        const { media, problems, rows } = yield* both(fixture(`${name}.json`))
        const [expected, places] = samples[name]!
        assert.deepStrictEqual(media.map(shown), [...expected])
        assert.deepStrictEqual(rows.map(placeOf), places.map((place) => [...place]))
        assert.deepStrictEqual(problems, [])
      })
  )

  it.effect("have all columns, with null for those that a document lacks", () =>
    Effect.gen(function*() {
      const { media } = yield* both(fixture("image_annotation_mixed.json"))
      assert.deepStrictEqual(media, [{
        batch_id: "batch",
        job_id: "job",
        media_index: 0,
        kind: "image",
        frame_id: null,
        frame_index: null,
        sensor_id: null,
        url: "https://s3.aws.com/600x400/000/fff.jpg&text=Dummy+Image+1",
        width: null,
        height: null,
        ego_pose: null,
        sensor_pose: null,
        intrinsics: null,
        timestamp: null,
        attachment_index: null
      }])
    }))

  it.effect("keep poses, intrinsics, and times unchanged, with all digits", () =>
    Effect.gen(function*() {
      const { media } = yield* both(encodeExact(fusion))
      const pose =
        "{\"position\":{\"x\":0.1,\"y\":-2,\"z\":0.1234567890123456789},\"heading\":{\"w\":1,\"x\":0,\"y\":0,\"z\":0}}"
      assert.deepStrictEqual(
        media.map(({ ego_pose, intrinsics, sensor_pose, timestamp }) => [
          ego_pose,
          sensor_pose,
          intrinsics,
          timestamp
        ]),
        [
          [pose, pose, null, "12345678901234567890"],
          [pose, null, "{\"cx\":9007199254740993,\"k1\":0}", "17.25"],
          [pose, null, "{\"fx\":1}", "12345678901234567890"],
          ["{}", null, "{\"cx\":9007199254740993,\"k1\":0}", "noon"]
        ]
      )
    }))

  it.effect("are clouds by their name or by the kind of their sensor, and lose what may be a signature", () =>
    Effect.gen(function*() {
      const { media } = yield* both(encodeExact(fusion))
      assert.deepStrictEqual(media.map(({ kind, url }) => [kind, url]), [
        ["point_cloud", "https://files.example/1"],
        ["image", "https://files.example/1.png"],
        ["image", "https://files.example/2.png"],
        ["image", "b.png"]
      ])
    }))

  it.effect("are named once per annotation that they cannot be found for, with its place", () =>
    Effect.gen(function*() {
      const { problems, rows } = yield* both(encodeExact(fusion))
      assert.deepStrictEqual(rows.map((row) => [row.annotation_id, ...placeOf(row)]), [
        ["on the cloud", 0, 0],
        ["on a camera", 0, 1],
        ["on one of two", 0, null],
        ["of no such sensor", 0, null],
        ["in a frame of one", 1, 3],
        ["in a frame of none", 2, null],
        ["in no such frame", null, null],
        ["in no frame", null, null]
      ])
      const at = "/data/annotation_data/annotations"
      assert.deepStrictEqual(problems.map(({ path, reason }) => [path, reason]), [
        ["/data/sensor_data/frames/0/sensors/2/data_url", "a text holds half a character, which became U+FFFD"],
        [`${at}/2`, "its frame has several inputs that it may be drawn on"],
        [`${at}/3`, "its frame has no input of its sensor"],
        [`${at}/5`, "its frame has no input"],
        [`${at}/6`, "its frame has no input"],
        [`${at}/7`, "names no frame"]
      ])
    }))

  it.effect("have texts that UTF-8 can hold", () =>
    Effect.gen(function*() {
      const { media } = yield* both(encodeExact(fusion))
      assert.isFalse(torn.isWellFormed())
      assert.strictEqual(media[2]?.sensor_id, "cam \ufffd")
    }))

  it.effect("belong to all frames if the sensors are listed outside of frames", () =>
    Effect.gen(function*() {
      const { media, problems, rows } = yield* both(encodeExact(frameless))
      assert.deepStrictEqual(media.map(shown), ["point_cloud   lidar a.pcd", "image   cam a.png"])
      assert.deepStrictEqual(media.map(({ intrinsics }) => intrinsics), [null, "{\"fx\":2}"])
      for (const { ego_pose } of media) assert.match(ego_pose ?? "", /^\{"position"/)
      assert.deepStrictEqual(rows.map(placeOf), [[null, 0], [null, 1]])
      assert.deepStrictEqual(problems, [])
    }))

  it.effect("are found for frames that a tracker lists, by their name or their position", () =>
    Effect.gen(function*() {
      const { media, problems, rows } = yield* both(encode(listed))
      assert.deepStrictEqual(media.map(shown), ["image f0 0  0.jpg", "image  1  1.jpg", "image f2 2  2.jpg"])
      assert.deepStrictEqual(rows.map((row) => [row.frame_id, ...placeOf(row)]), [
        [null, 1, 1],
        ["f0", 0, 0],
        [null, null, null]
      ])
      assert.deepStrictEqual(problems.map(({ path }) => path), ["/annotation_data/annotations/0/frames/3"])
    }))

  it.effect("have one place for each frame, that of the list which comes first", () =>
    Effect.gen(function*() {
      const { media, problems, rows } = yield* both(encode(twice))
      assert.deepStrictEqual(media.map(shown), ["image a 1  a.jpg", "image b 0  b.jpg"])
      assert.deepStrictEqual(rows.map(placeOf), [[1, 0], [0, 1]])
      assert.deepStrictEqual(problems, [])
    }))

  it.effect("are the masks if a result names no other, and no problem if a frame has none", () =>
    Effect.gen(function*() {
      const { attachments, media, rows } = yield* both(encode(masked))
      assert.deepStrictEqual(media.map(shown), ["image 1   ", "image 2   "])
      assert.deepStrictEqual(media.map((row) => row.attachment_index), attachments.map(({ index }) => index))
      assert.deepStrictEqual(rows.map(placeOf), [[null, 1], [null, 0]])
      const { masks: _, ...maskless } = masked.annotation_data
      const without = yield* both(encode({ url: "all.png", annotation_data: maskless }))
      assert.deepStrictEqual(without.media.map(shown), ["image    "])
      const several = { ...masked.annotation_data, masks: [{ url: "a" }, { url: "b" }] }
      const { problems, rows: unplaced } = yield* both(encode({ annotation_data: several }))
      assert.deepStrictEqual([unplaced.map(placeOf), problems], [[[null, null], [null, null]], []])
    }))

  it.effect("have the index of their file if they are files", () =>
    Effect.gen(function*() {
      const { attachments, media } = yield* both(fixture("point_cloud_2d_3d_linking.json"), { inputs: true })
      assert.deepStrictEqual(media.map((row) => row.attachment_index), [0, 1, 2, 3])
      assert.deepStrictEqual(attachments.map(({ sensorId }) => sensorId), ["lidar", "cam-1", "lidar", "cam-1"])
      const same = yield* both(fixture("video_annotation.json"), { inputs: true })
      assert.deepStrictEqual(same.media.map((row) => row.attachment_index), [0, 1, 2])
    }))

  it.effect("come a thousand at a time, as often as they are read, before and after the rows", () =>
    Effect.gen(function*() {
      const frames = Array.from({ length: 2500 }, (_, n) => ({ frame_id: `${n}`, src: `${n}.jpg` }))
      const bytes = encode({ annotation_data: { annotations: [] }, video_data: { frames } })
      for (const limit of [whole, scanned]) {
        const document = yield* ResultDocument.open(content(bytes), limit)
        const first = yield* Stream.runCollect(document.media(job))
        assert.deepStrictEqual(first.map(({ length }) => length), [1000, 1000, 500])
        assert.deepStrictEqual(first.flat().map((row) => row.media_index), frames.map((_, index) => index))
        yield* Stream.runDrain(document.rows(job))
        assert.deepStrictEqual(yield* Stream.runCollect(document.media(job)), first)
      }
    }))
})

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
