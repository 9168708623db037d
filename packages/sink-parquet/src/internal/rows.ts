/** The rows that a record gives, and why a record cannot be stored. */
import { type Content, type JobSink, TableRows } from "@labelstream/core/sink"
import { Failure } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { chunkSize, type ContentRow, type Row, type TableName } from "./tables.ts"

/** What is kept of the bytes that rows are read from. */
export type Keep = "none" | "documents" | "all"

/** Takes rows of one table, in order. */
export type Put = (table: TableName, rows: ReadonlyArray<Row>) => Effect.Effect<void, JobSink.SinkError>

/** Why a record can never be stored; undefined if it can. */
export const obstacleOf = (record: JobSink.JobRecord): Failure.Problem | undefined => {
  const { batchId, jobId } = record
  // UTF-8 has no form for half a surrogate pair: two ids would become one.
  if (!batchId.isWellFormed() || !jobId.isWellFormed()) {
    return new Failure.Problem("rejected", "its id holds half of a surrogate pair, which UTF-8 cannot hold")
  }
  const indexes = record.attachments.map(({ ref }) => ref.index)
  return new Set(indexes).size < indexes.length
    ? new Failure.Problem("rejected", "two of its nested files have the same index")
    : undefined
}

/** Puts all rows of a record. Fails as `put` does, or with a `Failure.Problem` where the record's own content is at fault. */
export const putRecord = Effect.fnUntraced(
  function*(record: JobSink.JobRecord, keep: Keep, put: Put) {
    const { attachments, batchId, document, jobId } = record
    let annotations = 0
    yield* Stream.runForEachArray(record.parsed.rows({ batchId, jobId }), (parts) =>
      Effect.suspend(() => {
        const rows = parts.flatMap(({ rows }) => rows)
        annotations += rows.length
        return put("annotations", rows)
      })).pipe(Effect.catchTag("ContentError", unreadable))
    let media = 0
    yield* Stream.runForEach(TableRows.mediaRows(record), (rows) => {
      media += rows.length
      return put("media", rows)
    })
    yield* put("attachments", attachments.map((of) => TableRows.attachmentRow(record, of)))
    const kept = keep === "none" ? [] : [
      { index: null, content: document },
      ...keep === "all" ?
        attachments.map(
          ({ content, ref }) => ({ index: ref.index, content })
        ) :
        []
    ]
    let contents = 0
    for (const { content, index } of kept) contents += yield* putContent(record, index, content, put)
    yield* put("jobs", [TableRows.jobRow(record, annotations)])
    return { annotations, media, attachments: attachments.length, contents }
  }
)

/** Bytes in chunks that do not depend on how they come; empty content is one empty chunk. */
const putContent = Effect.fnUntraced(
  function*(record: JobSink.JobRecord, index: number | null, content: Content.Content, put: Put) {
    const { batchId, jobId } = record
    let chunks = 0
    let size = 0
    let held: Array<Uint8Array> = []
    let length = 0
    const putChunk = Effect.suspend(() => {
      const bytes = held.length === 1 ? held[0]! : Buffer.concat(held)
      held = []
      length = 0
      const row: ContentRow = { batch_id: batchId, job_id: jobId, attachment_index: index, chunk: chunks++, bytes }
      return put("contents", [row])
    })
    const source = content.bytes === undefined ? content.stream : Stream.make(content.bytes)
    yield* Stream.runForEach(
      source,
      Effect.fnUntraced(function*(incoming) {
        size += incoming.length
        for (let at = 0; at < incoming.length;) {
          const part = incoming.subarray(at, at + chunkSize - length)
          held.push(part)
          length += part.length
          at += part.length
          if (length === chunkSize) yield* putChunk
        }
      })
    ).pipe(Effect.catchTag("ContentError", unreadable))
    if (length > 0 || chunks === 0) yield* putChunk
    if (size !== content.size) {
      return yield* Effect.fail(
        new Failure.Problem("rejected", `the downloaded bytes are not the ${content.size} that were announced`)
      )
    }
    return chunks
  }
)

const unreadable = (cause: unknown) =>
  Effect.fail(
    new Failure.Problem("rejected", "the downloaded bytes could not be read back from the spool: fetch the job again", {
      cause
    })
  )
