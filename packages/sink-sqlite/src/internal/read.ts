/** Gives stored bytes back as they came, at most one chunk in memory at a time. */
import type { JobSink } from "@labelstream/core/sink"
import { Failure, StoredId } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { openReader } from "./database.ts"
import { attempt, damaged } from "./failure.ts"
import { Reader } from "./reader.ts"

/** The bytes of a job's result document, or of its attachment with an index. */
export const readBytes = (
  file: string,
  ids: { readonly batchId: string; readonly jobId: string },
  index: number | undefined
): Stream.Stream<Uint8Array, JobSink.SinkError> => {
  const where = { step: "inspect", batchId: ids.batchId, jobId: ids.jobId } as const
  const key = StoredId.keyOf(ids)
  const absent = (): never => {
    const what = index === undefined ? "result document" : `attachment ${index}`
    throw new Failure.Problem("misconfigured", `${file} holds no ${what} of job ${ids.jobId} in batch ${ids.batchId}`)
  }
  return Stream.unwrap(Effect.map(openReader(file), (db) => {
    if (db === undefined) return Stream.fromEffect(attempt(file, where, absent))
    const reader = new Reader(db)
    return Stream.paginate(
      -1,
      Effect.fnUntraced(function*(after: number) {
        const chunk = yield* attempt(file, where, () => {
          // All chunks are of one revision, whatever is committed meanwhile.
          if (after === -1) reader.begin()
          return reader.chunk(key, index, after) ?? (after === -1 ? absent() : undefined)
        })
        if (chunk === undefined) return [[], Option.none()] as const
        const bytes = yield* Reader.restored(chunk)
        if (bytes === undefined) {
          return yield* attempt(file, where, (): never => {
            throw new Failure.Problem("corrupt", damaged(file))
          })
        }
        return [[bytes], Option.some(chunk.chunk)] as const
      })
    )
  }))
}
