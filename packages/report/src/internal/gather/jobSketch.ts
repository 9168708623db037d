import { type Content, type JobSink, ResultDocument } from "@labelstream/core"
import * as Effect from "effect/Effect"
import { inputsOf } from "./inputs.ts"
import { filesOf, type Rows } from "./sketch.ts"
import type { JobName, Sketch } from "./summaryModel.ts"

/** Larger result documents are scanned: parsed, they take 5 times their size. */
export const parseLimit = 1024 * 1024

/** What of a stored job is drawn. `kept` are its first rows, `annotations` counts all of them. */
export const jobSketch = Effect.fnUntraced(function*(
  job: JobSink.StoredJob,
  name: JobName,
  document: ResultDocument.ResultDocument,
  { annotations, kept }: { readonly annotations: number; readonly kept: Rows }
): Effect.fn.Return<Sketch, Content.ContentError> {
  // Positions of files count the inputs too if these were fetched with them.
  const inputs = job.attachments.some(({ index }) => index >= document.attachments.length)
  const whole = inputs ? yield* ResultDocument.open(job.document, { inputs, parseLimit }) : document
  const files = yield* filesOf(job, whole.attachments)
  const images = yield* inputsOf(job, whole, kept.kept, files.files)
  const { resultType } = document
  return { ...name, resultType, annotations, rows: kept.kept, ...files, inputs: images }
})
