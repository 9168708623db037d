/**
 * MOT Challenge: a folder for each video, `<split>/<job>/`, with `gt/gt.txt`, `seqinfo.ini` and `img1/000001.jpg`; and
 * `<split>/<job>/gt/labels.txt`, which names the classes. Frames, ids, classes and pixels count from 1.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Classes } from "../Classes.ts"
import type { DatasetError } from "../DatasetError.ts"
import * as DatasetFormat from "../DatasetFormat.ts"
import * as Geometry from "../Geometry.ts"
import { textOf } from "../internal/text.ts"
import type { Sample } from "../Sample.ts"
import { boxOf, sizeOf } from "./shared/pixels.ts"
import { forEachVideo } from "./shared/runs.ts"
import { frameFile, notOfVideo, numbering, tracked } from "./shared/tracks.ts"

const fields = {
  frame_rate: Schema.optionalKey(Schema.Finite.check(Schema.isGreaterThan(0))).annotate({
    description: "Frames per second for seqinfo.ini, which the platform does not know. Default: 30."
  })
}

/** The rows of a frame: frame, id, left, top, width, height, whether it counts, class, how much of it is visible. */
const rows = (sample: Sample, idOf: (track: string) => number, classes: Classes): string => {
  const size = sizeOf(sample)
  const frame = (sample.frame?.index ?? 0) + 1
  return sample.shapes
    .map(({ label, points, track }) => ({ id: idOf(track ?? ""), box: boxOf(points, size), label }))
    .sort((a, b) => a.id - b.id)
    .map(({ box: { height, left, top, width }, id, label }) => {
      const [x, y] = [Geometry.round(left + 1, 4), Geometry.round(top + 1, 4)]
      return `${frame},${id},${x},${y},${width},${height},1,${classes.indexOf(label) + 1},1\n`
    })
    .join("")
}

const info = (name: string, length: number, { file, height, width }: Sample, frameRate: number): string =>
  [
    "[Sequence]",
    `name=${name}`,
    "imDir=img1",
    `frameRate=${frameRate}`,
    `seqLength=${length}`,
    `imWidth=${width ?? 0}`,
    `imHeight=${height ?? 0}`,
    `imExt=${file.slice(file.lastIndexOf("."))}`,
    ""
  ].join("\n")

/** The format. */
export const format = DatasetFormat.make({
  name: "mot",
  fields,
  kind: "image",
  needs: { sizes: true, masks: false },
  holds: { attributes: false, tracks: true },
  refuses: notOfVideo,
  carries: tracked,
  write: Effect.fnUntraced(function*(samples, classes, out, { frame_rate: frameRate = 30 }) {
    const labels = classes.names.map((name) => `${name}\n`).join("")
    yield* forEachVideo(
      samples.all,
      Effect.fnUntraced(function*({ first, name }, frames): Effect.fn.Return<void, DatasetError> {
        const folder = `${first.split}/${name}`
        const idOf = numbering()
        let length = 0
        const withImages = Stream.tap(frames, (sample) => {
          const number = sample.frame?.index ?? 0
          length = Math.max(length, number + 1)
          return out.media(sample, `${folder}/img1/${frameFile(sample, number + 1)}`)
        })
        yield* out.file(`${folder}/gt/gt.txt`, textOf([withImages, (sample) => rows(sample, idOf, classes)]))
        yield* out.file(`${folder}/gt/labels.txt`, labels)
        yield* out.file(`${folder}/seqinfo.ini`, info(name, length, first, frameRate), { entry: true })
      })
    )
  })
})
