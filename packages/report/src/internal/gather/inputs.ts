/** What is kept of the images that the drawings of a job are on: their sizes, and those that are stored and small. */
import type { AnnotationModel, Content, JobSink, ResultDocument } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { drawnFrames, framesOf } from "../draw/frames.ts"
import { headerOf } from "../draw/picture.ts"
import type { SketchFile, SketchInput } from "./summaryModel.ts"

/** Most images that are kept of a job, how large each may be, and all of them. */
const inputLimit = 12
const imageLimit = 1024 * 1024
const jobLimit = 2 * imageLimit
/** How much of a larger one is read to find its size. */
const headLimit = 64 * 1024

/** Reads the images below the drawings of these rows and of these masks. */
export const inputsOf = (
  job: JobSink.StoredJob,
  document: ResultDocument.ResultDocument,
  rows: ReadonlyArray<AnnotationModel.AnnotationRow>,
  files: ReadonlyArray<SketchFile>
): Effect.Effect<ReadonlyArray<SketchInput>> => {
  const masks = files.filter(({ role }) => role === "mask")
  const drawn = new Set(drawnFrames(framesOf(rows)).map(({ media }) => media))
  const masked = new Set(masks.map(({ frameId }) => frameId))
  // A segmentation that names no input has its masks as media, without a URL.
  const isShown = ({ frame_id, kind, media_index, url }: AnnotationModel.MediaRow) =>
    kind === "image" && (drawn.has(media_index) || url !== null && masked.has(frame_id))
  const shown: Effect.Effect<ReadonlyArray<AnnotationModel.MediaRow>> = document.media(job).pipe(
    Stream.flattenIterable,
    Stream.filter(isShown),
    Stream.take(inputLimit),
    Stream.runCollect
  )
  const contents = new Map(job.attachments.map(({ content, index }) => [index, content]))
  const stored = ({ attachment_index: index }: AnnotationModel.MediaRow) =>
    index !== null && document.attachments[index]?.role === "input" ? contents.get(index) : undefined
  const maskOf = (frameId: string | null) => masks.find((mask) => mask.frameId === frameId)?.bytes ?? undefined
  let room = jobLimit

  const read = (row: AnnotationModel.MediaRow): Effect.Effect<SketchInput> => {
    const content = stored(row)
    const isSmall = content !== undefined && content.size <= Math.min(imageLimit, room)
    if (isSmall) room -= content.size
    const bytes = content === undefined ? Effect.succeed(null) : isSmall ? content.collect : beginningOf(content)
    return Effect.map(Effect.orElseSucceed(bytes, () => null), (bytes) => {
      const header = bytes === null ? undefined : headerOf(bytes)
      return {
        mediaIndex: row.media_index,
        frameId: row.frame_id,
        sensorId: row.sensor_id,
        size: job.sizes.get(row.media_index) ?? header ?? headerOf(maskOf(row.frame_id) ?? nothing) ?? null,
        isStored: content !== undefined,
        bytes: isSmall && header !== undefined ? bytes : null
      }
    })
  }
  return Effect.flatMap(shown, Effect.forEach(read))
}

const nothing = new Uint8Array()

const beginningOf = (content: Content.Content): Effect.Effect<Uint8Array, Content.ContentError> =>
  Effect.map(
    Stream.runHead(content.stream),
    (chunk) => chunk._tag === "None" ? nothing : chunk.value.subarray(0, headLimit)
  )
