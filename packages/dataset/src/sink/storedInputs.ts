/** Reads the samples that were gathered, as the inputs of a dataset. */
import { Content } from "@labelstream/core/sink"
import { Files, type Fs, Lines } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { join } from "node:path"
import { DatasetError } from "../DatasetError.ts"
import * as Legend from "../Legend.ts"
import type { Input, Mask, PointLabels, Shape } from "../Sample.ts"
import { type Before, cocoReader, type Gathering } from "./gather.ts"
import * as LabeledCloud from "./labeledCloud.ts"
import type { Place } from "./place.ts"
import type * as StoredRecord from "./store/StoredRecord.ts"

/** The inputs in the file. Each run reads it again. */
export const inputsIn = (place: Place, samples: string): Stream.Stream<Input, DatasetError> =>
  Stream.fromAsyncIterable(read(place, samples), failure).pipe(Stream.flattenIterable)

const failure = (cause: unknown) =>
  new DatasetError({ reason: "output", detail: "what was stored of the jobs cannot be read", cause })

const read = (place: Place, samples: string): AsyncIterable<ReadonlyArray<Input>> => ({
  async *[Symbol.asyncIterator]() {
    const coco = cocoReader(place)
    for await (const lines of Lines.read(place.fs, samples)) {
      const inputs: Array<Input> = []
      for (const line of lines) {
        const [before, sample, shapes = []] = JSON.parse(line) as Gathering
        inputs.push(
          "coco" in sample
            ? await cocoInput(place, coco, before, sample)
            : inputOf(place, before, sample, shapes)
        )
      }
      yield inputs
    }
  }
})

const cocoInput = async (
  place: Place,
  coco: ReturnType<typeof cocoReader>,
  before: Before,
  { at }: StoredRecord.CocoSample
): Promise<Input> => {
  const { file, job, name, path } = before
  return { ...await coco(path, file, at, job), name, media: mediaOf(place, before) }
}

const mediaOf = ({ fs, store }: Place, { found, input, path }: Before): Content.Content | null =>
  found !== null
    ? contentOf(fs, found.path, found)
    : input !== null
    ? contentOf(fs, join(store, path, input.name), input)
    : null

const inputOf = (
  place: Place,
  before: Before,
  { ending, frame, height, kind, mask, points, url, width }: StoredRecord.StoredSample,
  shapes: ReadonlyArray<Shape>
): Input => {
  const { file, found, job, name, path } = before
  return {
    name,
    ending: ending ?? found?.ending ?? null,
    kind,
    url,
    width: width ?? found?.width ?? null,
    height: height ?? found?.height ?? null,
    job,
    frame,
    shapes,
    mask: file === null || mask === null || typeof mask === "string" ? null : maskOf(place, path, file, mask),
    maskProblem: typeof mask === "string"
      ? mask
      : typeof points === "string"
      ? points
      : kind === "point_cloud" && points === undefined
      ? "no labeled cloud in PCD was exported with it"
      : undefined,
    points: file === null || typeof points !== "object" ? null : cloudOf(place, path, file, points),
    media: mediaOf(place, before)
  }
}

const maskOf = (
  { fs, store }: Place,
  path: string,
  { name }: StoredRecord.StoredFile,
  { entries, hasStrays, height, values, width }: StoredRecord.StoredMask
): Mask => ({
  width,
  height,
  entries,
  hasStrays,
  ...Legend.reading(Effect.tryPromise({ try: () => Files.readAll(fs, join(store, path, name)), catch: failure }), {
    height,
    values,
    width
  })
})

const cloudOf = (
  { fs, store }: Place,
  path: string,
  { name }: StoredRecord.StoredFile,
  { entries, keys }: StoredRecord.StoredCloud
): PointLabels => {
  const read = Stream.suspend(() =>
    Stream.fromAsyncIterable(
      LabeledCloud.pointsOf(Files.chunksOf(fs, join(store, path, name), 256 * 1024)),
      (cause) => cause instanceof DatasetError ? cause : failure(cause)
    )
  )
  const valueOf = new Map(keys.map((key, index) => [key, index + 1]))
  return {
    entries,
    values: Stream.map(read, (points) => Uint16Array.from(points.keys, (key) => valueOf.get(key) ?? 0)),
    positions: Stream.map(read, ({ positions }) => positions)
  }
}

/** A stored file as content. */
const contentOf = (
  fs: Fs,
  path: string,
  { sha256, size }: { readonly size: number; readonly sha256: string }
): Content.Content => {
  const toError = (cause: unknown) =>
    new Content.ContentError({ operation: "read", cause, code: Files.codeOf(cause) ?? "CHANGED" })
  return {
    size,
    sha256,
    mediaType: null,
    bytes: undefined,
    path,
    stream: Stream.map(
      Stream.fromAsyncIterable(Files.chunksOf(fs, path, 256 * 1024), toError),
      (bytes) => Uint8Array.from(bytes)
    ),
    collect: Effect.tryPromise({ try: () => Files.readAll(fs, path), catch: toError })
  }
}
