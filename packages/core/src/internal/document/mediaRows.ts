/**
 * The rows of `media` of a document, their sizes still unknown.
 */
import * as Stream from "effect/Stream"
import { type MediaRow, tables } from "../../AnnotationModel.ts"
import { nulls } from "../../Table.ts"
import * as UnsignedUrl from "../../UnsignedUrl.ts"
import type { Input, InputMedia } from "./inputMedia.ts"
import type { JobRef } from "./openDocument.ts"

const blank = nulls(tables.media)

const rowsAtOnce = 1000

/** Makes rows of inputs, a thousand at a time. Refers to nothing else of the document. */
export const mediaRows = ({ inputs }: InputMedia) => (job: JobRef): Stream.Stream<ReadonlyArray<MediaRow>> => {
  const page = (from: number) =>
    inputs.slice(from, from + rowsAtOnce).map((input, at) => mediaRow(input, from + at, job))
  if (inputs.length === 0) return Stream.empty
  // Nearly all documents: a page costs less than a stream of pages.
  if (inputs.length <= rowsAtOnce) return Stream.sync(() => page(0))
  return Stream.map(Stream.range(0, Math.ceil(inputs.length / rowsAtOnce) - 1), (number) => page(number * rowsAtOnce))
}

const mediaRow = (input: Input, index: number, { batchId, jobId }: JobRef): MediaRow => ({
  ...blank,
  batch_id: batchId,
  job_id: jobId,
  media_index: index,
  kind: input.kind,
  frame_id: input.frameId?.toWellFormed() ?? null,
  frame_index: input.frameIndex,
  sensor_id: input.sensorId?.toWellFormed() ?? null,
  url: input.url === null ? null : UnsignedUrl.strip(input.url).toWellFormed(),
  ego_pose: input.egoPose,
  sensor_pose: input.pose,
  intrinsics: input.intrinsics,
  timestamp: input.timestamp?.toWellFormed() ?? null,
  attachment_index: input.attachmentIndex
})
