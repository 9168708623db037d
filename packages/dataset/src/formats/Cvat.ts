/**
 * CVAT XML 1.1: `<split>.xml` for images, `<split>-videos/<job>.xml` with the tracks of a video, and `images/<split>/`.
 * Frames with a mask or a class are written as images.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { DatasetError } from "../DatasetError.ts"
import * as DatasetFormat from "../DatasetFormat.ts"
import { byCodePoint } from "../internal/codePoints.ts"
import { annotationsOf } from "../internal/fit.ts"
import { textOf } from "../internal/text.ts"
import type { Sample } from "../Sample.ts"
import * as Shapes from "./cvat/cvatShapes.ts"
import { tracksOf } from "./cvat/cvatTracks.ts"
import { scalarsWithTrack } from "./shared/attributes.ts"
import { carried, everyShape, type Table, withoutPointLabels } from "./shared/carried.ts"
import { sizeOf } from "./shared/pixels.ts"
import { forEachVideo } from "./shared/runs.ts"
import * as Xml from "./shared/xml.ts"

const table: Table = { ...everyShape, landmark: withoutPointLabels }

/** Whether a sample is written as part of a video. Tracks cannot hold masks and classes of a whole frame. */
const isOfVideo = ({ frame, mask, shapes }: Sample): boolean =>
  frame !== null && mask === null && shapes.every(({ type }) => type !== "classification")

/** Places the images. Returns the names of attributes by class, which labels declare. */
const placeImages = (samples: Stream.Stream<Sample, DatasetError>, out: DatasetFormat.Output) =>
  Effect.suspend(() => {
    const names = new Map<string, Set<string>>()
    const add = (sample: Sample) => {
      for (const shape of annotationsOf(sample)) {
        const own = names.get(shape.label) ?? new Set()
        names.set(shape.label, own)
        for (const { name } of scalarsWithTrack(shape)) own.add(name)
      }
    }
    const placed = Stream.runForEach(samples, (sample) => {
      add(sample)
      return out.media(sample, `images/${sample.split}/${sample.file}`)
    })
    return Effect.as(placed, names)
  })

const label = (name: string, attributes: Iterable<string>): string => {
  const declared = [...attributes].sort(byCodePoint).map((attribute) =>
    Xml.element(
      "attribute",
      {},
      Xml.textElements({ name: attribute, mutable: "True", input_type: "text", default_value: "", values: "" })
    )
  )
  return Xml.element("label", {}, Xml.textElement("name", name) + Xml.element("attributes", {}, declared.join("")))
}

/** Everything before the images or tracks of a document. */
const start = (name: string, mode: "annotation" | "interpolation", labels: string, more = ""): string => {
  const task = Xml.element("task", {}, `${Xml.textElements({ name, mode })}<labels>\n${labels}</labels>${more}`)
  return `<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n<meta>${task}</meta>\n`
}

const end = "</annotations>\n"

const imageElement = (sample: Sample, id: number) => {
  const { file, mask, shapes, split } = sample
  const size = sizeOf(sample)
  const element = (content: ReadonlyArray<string>) => {
    const lines = content.length === 0 ? "" : `\n${content.join("\n")}\n`
    return `${Xml.element("image", { id, name: `${split}/${file}`, ...size }, lines)}\n`
  }
  const drawn = () => shapes.map((shape) => Shapes.element(shape, size, {}))
  if (mask === null) return element(drawn())
  return Effect.map(mask.read, (values) => element([...drawn(), ...Shapes.masks(values, mask)]))
}

/** The format. */
export const format = DatasetFormat.make({
  name: "cvat",
  fields: {},
  kind: "image",
  needs: { sizes: true, masks: true },
  holds: { attributes: true, tracks: true },
  carries: (shape) => carried(shape, table),
  write: Effect.fnUntraced(function*(samples, classes, out) {
    const declared = yield* placeImages(samples.all, out)
    const labels = classes.names.map((name) => `${label(name, declared.get(name) ?? [])}\n`).join("")
    yield* forEachVideo(Stream.filter(samples.all, isOfVideo), ({ first, name }, frames) => {
      const size = Xml.element("original_size", {}, Xml.textElements({ ...sizeOf(first) }))
      const text = Stream.make(start(first.job.jobId, "interpolation", labels, size)).pipe(
        Stream.concat(tracksOf(frames)),
        Stream.concat(Stream.make(end)),
        Stream.encodeText
      )
      return out.file(`${first.split}-videos/${name}.xml`, text, { entry: true })
    })
    for (const split of samples.splits) {
      const images = Stream.filter(samples.of(split), (sample) => !isOfVideo(sample))
      const text = Stream.suspend(() => {
        let id = 0
        return textOf(start(split, "annotation", labels), [images, (sample) => imageElement(sample, id++)], end)
      })
      yield* out.file(`${split}.xml`, text, { entry: true })
    }
  })
})
