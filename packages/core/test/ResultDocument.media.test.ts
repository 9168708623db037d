import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import type { AnnotationRow, MediaRow } from "../src/AnnotationModel.ts"
import { ResultDocument } from "../src/index.ts"
import { frameless, fusion, listed, masked, torn, twice } from "./document/inputs.ts"
import { both, content, encode, encodeExact, fixture, job, scanned, whole } from "./document/support.ts"

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
