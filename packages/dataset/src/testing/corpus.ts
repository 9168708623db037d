/** Samples that a format must be able to take. */
import type { Content } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import type { Input, Mask, Point, PointLabels, Shape } from "../Sample.ts"

const size = { width: 80, height: 40 }

/** The corners of a box in one of ten cells of an image, clockwise, so that shapes do not cover each other. */
const cell = (index: number): ReadonlyArray<Point> => {
  const [x, y] = [(index % 5) / 5 + 0.025, Math.floor(index / 5) / 2 + 0.05]
  return [[x, y], [x + 0.15, y], [x + 0.15, y + 0.4], [x, y + 0.4]]
}

const turned = (index: number): ReadonlyArray<Point> => {
  const [[x, y]] = cell(index) as unknown as readonly [Point]
  return [[x + 0.05, y], [x + 0.15, y + 0.2], [x + 0.1, y + 0.4], [x, y + 0.2]]
}

/** A shape with defaults. */
export const shape = (
  type: Shape["type"],
  label: string,
  points: ReadonlyArray<Point>,
  more?: Partial<Shape>
): Shape => ({
  type,
  label,
  points,
  pointLabels: null,
  attributes: "{}",
  track: null,
  instance: null,
  keyFrame: null,
  ...more
})

const bytes = Uint8Array.of(0xff, 0xd8, 0xff, 0xd9)

/** The bytes of every image. */
const file: Content.Content = {
  size: bytes.length,
  sha256: createHash("sha256").update(bytes).digest("hex"),
  mediaType: "image/jpeg",
  bytes,
  path: undefined,
  stream: Stream.succeed(bytes),
  collect: Effect.succeed(bytes)
}

/** An image with defaults. */
export const image = (key: string, more?: Partial<Input>): Input => ({
  name: null,
  ending: null,
  kind: "image",
  url: `https://storage.example/${encodeURIComponent(key)}.jpg`,
  ...size,
  job: { batchId: "batch", jobId: `job-${key}`, referenceId: key },
  frame: null,
  shapes: [],
  mask: null,
  points: null,
  media: file,
  ...more
})

/** A mask with a class, two instances, and unlabeled pixels. */
const mask: Mask = {
  ...size,
  entries: [
    shape("segment", "road", []),
    shape("segment", "car", [], { instance: "1" }),
    shape("segment", "car", [], { instance: "2" })
  ],
  hasStrays: false,
  read: Effect.sync(() =>
    Uint16Array.from({ length: size.width * size.height }, (_, at) => [1, 0, 2, 3][at % 80 >> 4] ?? 0)
  )
}

/** A cloud with a class, an instance, and a point that is unlabeled. */
const points: PointLabels = {
  entries: [shape("segment", "road", []), shape("segment", "car", [], { instance: "7" })],
  values: Stream.make(Uint16Array.of(1, 0), Uint16Array.of(2)),
  positions: Stream.make(Float32Array.of(1, 2, 3, 4, 5, 6), Float32Array.of(7, 8, 9))
}

const attributes = "{\"color\":\"dark \\\"red\\\"\",\"count\":12345678901234567890,\"parts\":[\"a\",\"b\"]}"

const mixed: ReadonlyArray<Shape> = [
  shape("rectangle", "car", cell(0), { attributes, track: "t-1", keyFrame: true }),
  shape("rectangle", "Car", turned(1)),
  shape("polygon", "the \"sky\": #1", turned(2), { attributes }),
  shape("line", "lane", cell(3)),
  shape("landmark", "person", cell(4), { pointLabels: [1, 2, 3, 5] }),
  shape("landmark", "person", cell(5).slice(0, 2), { pointLabels: [3, 1] }),
  shape("cuboid", "van", [...cell(6), ...cell(6)]),
  shape("box_3d", "van", []),
  shape("classification", "sunny", []),
  shape("unknown", "", []),
  shape("rectangle", "edge", [[-0.2, 0.6], [0.1, 0.6], [0.1, 1.3], [-0.2, 1.3]])
]

/** Images of all kinds: with every type of annotation, without any, with a mask, without a size, and frames of a video. */
export const ordinary: ReadonlyArray<Input> = [
  image("mixed", { shapes: mixed }),
  image("empty"),
  image("also-empty", { media: null }),
  image("mask", { mask }),
  image("sizeless", { width: null, height: null, shapes: [shape("rectangle", "car", cell(0))] }),
  image("cloud", { kind: "point_cloud", width: null, height: null, shapes: [shape("box_3d", "car", [])] }),
  image("labels", { kind: "point_cloud", width: null, height: null, points }),
  ...[0, 1, 2].map((index) =>
    image("video", {
      frame: { id: `f${index}`, index },
      shapes: [shape("rectangle", "person", cell(index), { track: "walker" })]
    })
  )
]

/** An image with a new class, which comes before the others by code point. */
export const fresh: ReadonlyArray<Input> = [
  image("fresh", { shapes: [shape("rectangle", "!first", cell(0)), shape("polygon", "!first", turned(1))] })
]

/** The ordinary samples later: one has lost annotations, one is gone, and a fresh one has come. */
export const grown: ReadonlyArray<Input> = [
  ...fresh,
  ...ordinary.flatMap((input) => {
    const { job: { referenceId }, shapes } = input
    return referenceId === "also-empty"
      ? []
      : referenceId === "mixed"
      ? [{ ...input, shapes: shapes.slice(2) }]
      : [input]
  })
]

const tiny = { width: 8, height: 8 }

const tinyMask: Mask = {
  ...mask,
  ...tiny,
  read: Effect.sync(() => Uint16Array.from({ length: 64 }, (_, at) => at % 4))
}

/** Makes a small sample. A video has 10 frames. */
export const plain = (index: number, kind: Input["kind"], isFrame: boolean): Input => {
  const key = isFrame ? `video-${Math.floor(index / 10)}` : `plain-${index}`
  return image(key, {
    ...tiny,
    kind,
    frame: isFrame ? { id: `f${index}`, index: index % 10 } : null,
    shapes: [
      shape("rectangle", "car", cell(0), { attributes, track: "t-1" }),
      shape("polygon", "sky", turned(1)),
      shape("landmark", "person", cell(4), { pointLabels: [1, 2, 3, 5] })
    ],
    mask: kind === "image" && index % 5 === 0 ? tinyMask : null,
    points: kind === "point_cloud" ? points : null
  })
}

/** Images whose keys are no names of files, or the same name to some file system. */
export const hostile: ReadonlyArray<Input> = [
  "../../etc/passwd",
  "/absolute",
  "..",
  ".hidden",
  "C:\\Windows\\con",
  "con",
  "nul.jpg",
  "a\u0000b\nc",
  "half \ud800 a pair",
  "ends with a dot.",
  "\u202etxt.exe",
  "same",
  "SAME",
  "\u00e9t\u00e9",
  "e\u0301te\u0301",
  "stra\u00dfe",
  "STRASSE",
  "x".repeat(300),
  `${"x".repeat(300)}y`,
  "\u65e5\u672c".repeat(80)
].map((key, index) => ({
  ...image("hostile"),
  url: null,
  job: { batchId: "batch", jobId: `job-${index}`, referenceId: key }
}))
