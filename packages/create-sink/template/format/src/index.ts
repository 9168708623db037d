/** A dataset with one JSON line per image: its file, its size, and its boxes in pixels. */
import { SinkPlugin } from "@labelstream/core/sink"
import { DatasetFormat, DatasetSink, Geometry, Loss, type Sample } from "@labelstream/dataset"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const carries = ({ points, type }: Sample.Shape): Loss.Carried => {
  if (type !== "rectangle" && type !== "polygon") return Loss.dropped(`no place for ${type}`)
  if (points.length < 2) return Loss.dropped("too few points")
  return type === "rectangle" && Geometry.isAxisAligned(points) ? Loss.kept : Loss.approximated("written as its extent")
}

const boxOf = ({ points }: Sample.Shape, width: number, height: number, corners: boolean) => {
  const { x0, x1, y0, y1 } = Geometry.extent(points)
  const [left, top, right, bottom] = [
    Geometry.pixels(x0, width),
    Geometry.pixels(y0, height),
    Geometry.pixels(x1, width),
    Geometry.pixels(y1, height)
  ]
  return corners
    ? [left, top, right, bottom]
    : [left, top, Geometry.round(right - left, 4), Geometry.round(bottom - top, 4)]
}

const imagePath = ({ file, split }: Sample.Sample) => `images/${split}/${file}`

const lineOf = (sample: Sample.Sample, corners: boolean) => {
  // A format that needs sizes gets no sample without one.
  const [width, height] = [sample.width ?? 0, sample.height ?? 0]
  const boxes = sample.shapes.map((shape) => ({ class: shape.label, box: boxOf(shape, width, height, corners) }))
  return `${JSON.stringify({ image: imagePath(sample), width, height, boxes })}\n`
}

export const format = DatasetFormat.make({
  name: "shelf",
  fields: {
    corners: Schema.optionalKey(Schema.Boolean).annotate({
      description: "Boxes as left, top, right, bottom (true), or as left, top, width, height (false). Default: true."
    })
  },
  kind: "image",
  needs: { sizes: true, masks: false },
  holds: { attributes: false, tracks: false },
  carries,
  write: Effect.fnUntraced(function*(samples, _classes, out, { corners = true }) {
    yield* Stream.runForEach(samples.all, (sample) => out.media(sample, imagePath(sample)))
    for (const split of samples.splits) {
      const lines = Stream.map(samples.of(split), (sample) => lineOf(sample, corners))
      yield* out.file(`${split}.jsonl`, Stream.encodeText(lines), { entry: true })
    }
  })
})

export default SinkPlugin.define({
  name: "shelf",
  version: "0.1.0",
  options: DatasetFormat.optionsOf(format),
  make: (options) => DatasetSink.make(format, options)
})
