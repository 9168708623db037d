/** The masks, labeled clouds, and inputs of a job: which one is of which sample, and how each is read. */
import { type AnnotationModel, type Content, type JobSink, PathName } from "@labelstream/core/sink"
import { StagedContent } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { DatasetError } from "../DatasetError.ts"
import * as Legend from "../Legend.ts"
import * as Names from "../Names.ts"
import type { Shape } from "../Sample.ts"
import * as LabeledCloud from "./labeledCloud.ts"
import type * as StoredRecord from "./store/StoredRecord.ts"

/** A file of a job. */
export type Attachment = JobSink.JobRecord["attachments"][number]

/** A segment of a result: the color, or the label key, by which a mask or a cloud has it, and its shape as JSON text. */
export interface Segment {
  readonly color: string
  readonly shape: string
}

/** Adds a file to those of a job. Returns its place among them. */
export type AddFile = (name: string, bytes: Uint8Array) => Promise<number>

/** The mask of each input: that of the input itself, or of its frame, or the only one. */
export const masksByMedia = (media: ReadonlyArray<AnnotationModel.MediaRow>, files: ReadonlyArray<Attachment>) => {
  const images = media.filter(({ kind }) => kind === "image")
  const byFile = new Map(images.map((row) => [row.attachment_index, row.media_index]))
  // A mask names its frame alone, and the frame's only image names its sensor, too.
  const alone = [...Map.groupBy(images, ({ frame_id }) => frame_id).values()].filter(({ length }) => length === 1)
    .flat()
  const byFrame = new Map([
    ...alone.map((row) => [JSON.stringify([row.frame_id, null]), row.media_index] as const),
    ...images.map((row) => [JSON.stringify([row.frame_id, row.sensor_id]), row.media_index] as const)
  ])
  const found = new Map<number, Attachment>()
  for (const file of files.filter(isMask)) {
    const { ref } = file
    const index = byFile.get(ref.index) ?? byFrame.get(JSON.stringify([ref.frameId, ref.sensorId])) ??
      byFrame.get(JSON.stringify([ref.frameId, null])) ?? (images.length === 1 ? images[0]!.media_index : undefined)
    if (index !== undefined && !found.has(index)) found.set(index, file)
  }
  return found
}

/** Reads a mask and stores it; returns the reason if it cannot be read. */
export const maskOf = async (
  attachment: Attachment,
  segments: ReadonlyArray<Segment>,
  addFile: AddFile
): Promise<StoredRecord.StoredMask | string> => {
  const legend = segments.map(({ color, shape }) => ({ color, shape: JSON.parse(shape) as Shape }))
  const png = await StagedContent.collect(attachment.content)
  const opened = Effect.runSync(Effect.result(Legend.open(Effect.succeed(png), legend)))
  if (Result.isFailure(opened)) return opened.failure.detail
  const { entries, hasStrays, height, runs, values, width } = opened.success
  const file = await addFile(`${PathName.nested(attachment)}.runs`, runs)
  return { file, width, height, hasStrays, values, entries }
}

/** Returns whether a file is a mask. */
export const isMask = ({ ref }: Attachment): boolean => ref.role === "mask"

/** Returns whether a file is a labeled cloud. */
export const isCloud = ({ ref }: Attachment): boolean => ref.role === "point_cloud"

/** Reads a labeled cloud; returns the reason if it cannot be read. */
export const cloudOf = async (
  { content }: Attachment,
  file: number,
  segments: ReadonlyArray<Segment>
): Promise<StoredRecord.StoredCloud | string> => {
  const met = new Set<number>()
  try {
    for await (const { keys } of LabeledCloud.pointsOf(Stream.toAsyncIterable(content.stream))) {
      for (const key of keys) met.add(key)
    }
  } catch (cause) {
    if (cause instanceof DatasetError) return cause.detail
    throw StagedContent.unreadable(cause)
  }
  const found = segments.filter(({ color }) => met.has(Number(color)))
  return {
    file,
    keys: found.map(({ color }) => Number(color)),
    entries: found.map(({ shape }) => JSON.parse(shape) as Shape)
  }
}

/** The file ending that the first bytes of a file ask for. */
export const endingOf = ({ content }: Attachment): Effect.Effect<string | null, Content.ContentError> =>
  content.bytes !== undefined
    ? Effect.succeed(Names.endingOfBytes(content.bytes))
    : Stream.runHead(content.stream).pipe(
      Effect.map((first) => first._tag === "Some" ? Names.endingOfBytes(first.value) : null)
    )
