/**
 * CVAT XML 1.1: `<split>.xml` for images, and for each video `<split>-videos/<job>.xml` with tracks; images are in
 * `images/<split>/`. A track that leaves the picture is marked with `outside`. Frames with a mask or a class are written as
 * images.
 */
import { nodeFs, SortedLines } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Classes } from "../Classes.ts"
import { DatasetError } from "../DatasetError.ts"
import * as DatasetFormat from "../DatasetFormat.ts"
import { byCodePoint } from "../internal/codePoints.ts"
import { textOf } from "../internal/text.ts"
import type { Sample } from "../Sample.ts"
import { carried, everyShape, type Table, withoutPointLabels } from "./shared/carried.ts"
import * as Shapes from "./shared/cvatShapes.ts"
import { sizeOf } from "./shared/pixels.ts"
import { forEachVideo } from "./shared/runs.ts"
import * as Xml from "./shared/xml.ts"

const table: Table = { ...everyShape, landmark: withoutPointLabels }

/** Whether a sample is written as part of a video. Masks and classes of a whole frame have no place in a track. */
const isOfVideo = ({ frame, mask, shapes }: Sample): boolean =>
  frame !== null && mask === null && shapes.every(({ type }) => type !== "classification")

/** The names of attributes by class: what labels declare. */
const attributeNames = (samples: Stream.Stream<Sample, DatasetError>) =>
  Effect.suspend(() => {
    const names = new Map<string, Set<string>>()
    const add = ({ mask, shapes }: Sample) => {
      for (const shape of [...shapes, ...mask?.entries ?? []]) {
        if (shape === null) continue
        const own = names.get(shape.label) ?? new Set()
        names.set(shape.label, own)
        for (const { name } of Shapes.attributesOf(shape)) own.add(name)
      }
    }
    return Effect.as(Stream.runForEachArray(samples, (some) => Effect.sync(() => some.forEach(add))), names)
  })

const label = (name: string, attributes: Iterable<string>): string => {
  const declared = [...attributes].sort(byCodePoint).map((attribute) =>
    Xml.element(
      "attribute",
      {},
      Xml.textElement("name", attribute) + Xml.textElement("mutable", "True") + Xml.textElement("input_type", "text") +
        Xml.textElement("default_value", "") + Xml.textElement("values", "")
    )
  )
  return Xml.element("label", {}, Xml.textElement("name", name) + Xml.element("attributes", {}, declared.join("")))
}

/** Everything before the images or tracks of a document. */
const start = (name: string, mode: "annotation" | "interpolation", labels: string, more = ""): string => {
  const task = Xml.element(
    "task",
    {},
    `${Xml.textElement("name", name)}${Xml.textElement("mode", mode)}<labels>\n${labels}</labels>${more}`
  )
  return `<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n<meta>${task}</meta>\n`
}

const end = "</annotations>\n"

const imageElement = (sample: Sample, id: number) => {
  const { file, mask, shapes, split } = sample
  const size = sizeOf(sample)
  const element = (content: ReadonlyArray<string>) =>
    `${
      Xml.element(
        "image",
        { id, name: `${split}/${file}`, ...size },
        content.length === 0 ? "" : `\n${content.join("\n")}\n`
      )
    }\n`
  const drawn = () => shapes.map((shape) => Shapes.element(shape, size, {}))
  if (mask === null) return element(drawn())
  return Effect.map(mask.read, (values) => element([...drawn(), ...Shapes.masks(values, mask)]))
}

/** The tracks of a video as lines, sorted by track and frame; in files if there are many. */
async function* tracks(frames: AsyncIterable<Sample>): AsyncGenerator<string> {
  let folder: string | undefined
  const collector = Shapes.trackLines()
  async function* lines() {
    for await (const sample of frames) yield collector.of(sample)
  }
  try {
    const sorted = SortedLines.sort(
      nodeFs,
      lines(),
      async () => folder ??= await mkdtemp(join(tmpdir(), "labelstream-cvat-"))
    )
    const writer = Shapes.trackWriter()
    for await (const some of sorted) yield some.map(({ line }) => writer.add(line, collector.lastFrame())).join("")
    yield writer.end(collector.lastFrame())
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
}

const failure = (cause: unknown) =>
  cause instanceof DatasetError
    ? cause
    : new DatasetError({ reason: "output", detail: "the tracks of a video cannot be sorted", cause })

/** The format. */
export const format = DatasetFormat.make({
  name: "cvat",
  fields: {},
  kind: "image",
  needs: { sizes: true, masks: true },
  holds: { attributes: true, tracks: true },
  carries: (shape) => carried(shape, table),
  write: Effect.fnUntraced(function*(samples, classes: Classes, out) {
    yield* Stream.runForEach(samples.all, (sample) => out.media(sample, `images/${sample.split}/${sample.file}`))
    const declared = yield* attributeNames(samples.all)
    const labels = classes.names.map((name) => `${label(name, declared.get(name) ?? [])}\n`).join("")
    const encoder = new TextEncoder()
    yield* forEachVideo(Stream.filter(samples.all, isOfVideo), ({ first, name }, frames) => {
      const size = Xml.element(
        "original_size",
        {},
        Xml.textElement("width", first.width ?? 0) + Xml.textElement("height", first.height ?? 0)
      )
      const content = Stream.fromAsyncIterable(tracks(Stream.toAsyncIterable(frames)), failure)
      const text = Stream.make(start(first.job.jobId, "interpolation", labels, size)).pipe(
        Stream.concat(content),
        Stream.concat(Stream.make(end)),
        Stream.map((part) => encoder.encode(part))
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
