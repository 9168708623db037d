/** A table of what a format keeps, approximates, and drops. The format is asked about one shape of each kind. */
import type { SinkPlugin } from "@labelstream/core/sink"
import type * as Schema from "effect/Schema"
import { type DatasetFormat, holdsOf, type OptionsOf } from "./DatasetFormat.ts"
import * as Loss from "./Loss.ts"
import type { Input, Point, Shape } from "./Sample.ts"

const upright: ReadonlyArray<Point> = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.5], [0.1, 0.5]]
const turned: ReadonlyArray<Point> = [[0.2, 0.1], [0.4, 0.3], [0.2, 0.5], [0, 0.3]]

const shape = (type: Shape["type"], points: ReadonlyArray<Point>, more?: Partial<Shape>): Shape => ({
  type,
  label: "car",
  points,
  pointLabels: null,
  attributes: "{}",
  track: "1",
  instance: null,
  keyFrame: null,
  ...more
})

/** One shape of each kind. */
const onImages: ReadonlyArray<readonly [what: string, shape: Shape]> = [
  ["rectangle", shape("rectangle", upright)],
  ["turned rectangle", shape("rectangle", turned)],
  ["polygon", shape("polygon", [...turned, [0.1, 0.2]])],
  ["line", shape("line", turned)],
  ["landmark", shape("landmark", upright, { pointLabels: [1, 2, 3, 4] })],
  ["2D cuboid", shape("cuboid", [...upright, ...upright])],
  ["mask of classes", shape("segment", [])],
  ["mask of instances", shape("segment", [], { instance: "1" })],
  ["classification", shape("classification", [])]
]

const onClouds: ReadonlyArray<readonly [what: string, shape: Shape]> = [
  ["3D box", shape("box_3d", [])],
  ["points of classes", shape("segment", [])],
  ["points of instances", shape("segment", [], { instance: "1" })]
]

/** An image of no video, with its file. */
const image: Input = {
  name: null,
  ending: ".jpg",
  kind: "image",
  url: "https://images.example/1.jpg",
  width: 1,
  height: 1,
  job: { batchId: "", jobId: "", referenceId: "" },
  frame: null,
  shapes: [],
  mask: null,
  points: null,
  media: null
}

const frame: Input = { ...image, frame: { id: "1", index: 0 } }

/** Everything that the table has a row for, in order. */
export const rows: ReadonlyArray<string> = [
  ...[...onImages, ...onClouds].map(([what]) => what),
  "attributes",
  "track ids",
  "images of no video"
]

const ofVariant = <Fields extends Schema.Struct.Fields>(
  format: DatasetFormat<Fields>,
  options: OptionsOf<Fields>
): ReadonlyArray<Loss.Carried> => {
  const holds = holdsOf(format, options)
  const shapes = (kind: Input["kind"], of: typeof onImages) =>
    of.map(([, each]) =>
      format.kind === kind ? format.carries(each, options) : Loss.dropped(`no place for a sample that is ${kind}`)
    )
  const place = (has: boolean, what: string) => has ? Loss.kept : Loss.dropped(`no place for ${what}`)
  const refused = format.kind === "image" ? format.refuses?.(image, options) ?? null : "no place for images"
  return [
    ...shapes("image", onImages),
    ...shapes("point_cloud", onClouds),
    place(holds.attributes, "attributes"),
    place(holds.tracks, "track ids"),
    refused === null || refused === format.refuses?.(frame, options) ? Loss.kept : Loss.dropped(refused)
  ]
}

/** The table of a format, for each of its variants. */
export const of = <Fields extends Schema.Struct.Fields>(
  format: DatasetFormat<Fields>
): ReadonlyArray<SinkPlugin.Keeping> =>
  Object.entries(format.variants ?? { "": {} as OptionsOf<Fields> }).flatMap(([variant, options]) =>
    ofVariant(format, options).map(({ how, why }, index) => ({ variant, what: rows[index]!, how, why }))
  )
