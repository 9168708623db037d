/**
 * KITTI in two dimensions. Task `object`: `<split>/label_2/NAME.txt` and `<split>/image_2/NAME.jpg`. Task `tracking`:
 * `<split>/label_02/<job>.txt` and `<split>/image_02/<job>/000000.jpg` for each video. Pixels, frames and ids count from 0.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { DatasetError } from "../DatasetError.ts"
import * as DatasetFormat from "../DatasetFormat.ts"
import { textOf } from "../internal/text.ts"
import type { Sample, Shape } from "../Sample.ts"
import { boxes, carried } from "./shared/carried.ts"
import { boxOf, type Size, sizeOf } from "./shared/pixels.ts"
import { forEachVideo } from "./shared/runs.ts"
import { frameFile, notOfVideo, numbering, tracked } from "./shared/tracks.ts"

const fields = {
  task: Schema.optionalKey(Schema.Literals(["object", "tracking"])).annotate({
    description:
      "What labels are: object (default, boxes of each image), or tracking (boxes of videos, with track ids)."
  })
}

/** Returns a class as the first column, which a blank would end. */
const typeOf = (label: string): string => label === "" ? "_" : label.replaceAll(/\s/g, "_")

/** Size, place, and angle in space of an object: unknown. */
const unknown = "-1 -1 -1 -1000 -1000 -1000 -10"

/** Class, unknown truncation, occlusion, and angle, and the box. */
const columns = ({ label, points }: Shape, size: Size): string => {
  const { bottom, left, right, top } = boxOf(points, size)
  return `${typeOf(label)} -1 -1 -10 ${left} ${top} ${right} ${bottom} ${unknown}\n`
}

const frameRows = (sample: Sample, idOf: (track: string) => number): string => {
  const size = sizeOf(sample)
  return sample.shapes.map((shape) => `${sample.frame?.index ?? 0} ${idOf(shape.track ?? "")} ${columns(shape, size)}`)
    .join("")
}

/** The format. */
export const format = DatasetFormat.make({
  name: "kitti",
  fields,
  variants: { object: { task: "object" }, tracking: { task: "tracking" } },
  opensClasses: true,
  kind: "image",
  needs: { sizes: true, masks: false },
  holds: ({ task }) => ({ attributes: false, tracks: task === "tracking" }),
  refuses: (input, { task }) => task === "tracking" ? notOfVideo(input) : null,
  carries: (shape, { task }) => task === "tracking" ? tracked(shape) : carried(shape, boxes),
  write: (samples, _classes, out, { task = "object" }) =>
    task === "object"
      ? Stream.runForEach(samples.all, (sample) => {
        const { file, name, shapes, split } = sample
        const size = sizeOf(sample)
        return Effect.andThen(
          out.file(`${split}/label_2/${name}.txt`, shapes.map((shape) => columns(shape, size)).join("")),
          out.media(sample, `${split}/image_2/${file}`)
        )
      })
      : forEachVideo(
        samples.all,
        ({ first: { split }, name }, frames): Effect.Effect<void, DatasetError> => {
          const idOf = numbering(0)
          const withImages = Stream.tap(
            frames,
            (sample) => out.media(sample, `${split}/image_02/${name}/${frameFile(sample, sample.frame?.index ?? 0)}`)
          )
          return out.file(`${split}/label_02/${name}.txt`, textOf([withImages, (sample) => frameRows(sample, idOf)]))
        }
      )
})
