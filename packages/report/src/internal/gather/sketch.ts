/** What is kept of a job to draw it later: its first rows and its smaller files. */
import type { AnnotationModel, JobSink, ResultDocument } from "@labelstream/core"
import * as Effect from "effect/Effect"
import type { SketchFile } from "./summaryModel.ts"

/** Most rows that are kept of a job, and most characters of their geometries. */
export const rowLimit = 4000
const geometryLimit = 1024 * 1024

/** Most files that are kept of a job, and how large each may be. */
const fileLimit = 4
const maskLimit = 256 * 1024
const cloudLimit = 2 * 1024 * 1024

/** Keeps the first rows of a job. */
export class Rows {
  readonly kept: Array<AnnotationModel.AnnotationRow> = []
  private room = geometryLimit

  add(row: AnnotationModel.AnnotationRow): void {
    if (this.kept.length >= rowLimit || this.room < row.geometry.length) return
    this.room -= row.geometry.length
    this.kept.push(row)
  }
}

/** Reads the files that can be drawn; `refs` are what the document says of all of its files. */
export const filesOf = Effect.fnUntraced(function*(
  job: JobSink.StoredJob,
  refs: ReadonlyArray<ResultDocument.AttachmentRef>
) {
  const shown = job.attachments.flatMap(({ content, index }) => {
    const ref = refs[index]
    return ref === undefined || ref.role === "input" ? [] : [{ content, ref }]
  })
  const files = yield* Effect.forEach(shown.slice(0, fileLimit), ({ content, ref }) => {
    const limit = ref.role === "mask" ? maskLimit : ref.role === "point_cloud" ? cloudLimit : 0
    const bytes = content.size > limit ? Effect.succeed(null) : Effect.orElseSucceed(content.collect, () => null)
    return Effect.map(bytes, (bytes): SketchFile => ({
      role: ref.role,
      frameId: ref.frameId,
      sensorId: ref.sensorId,
      size: content.size,
      bytes
    }))
  })
  return { files, moreFiles: shown.length - files.length }
})
