/** Returns committed jobs one by one, in order of their keys, for another sink to store. */
import { type JobSink, TableRows } from "@labelstream/core/sink"
import { Chunks, StoredId } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Connection } from "./connection.ts"
import { Reader, type Whole } from "./reader.ts"
import { hasTables } from "./schema.ts"

/** Jobs of one page. Their contents are read on demand. */
const pageSize = 200

/** Yields the jobs whose document and files are kept, or nothing if there are no tables. */
export const replay = (db: Connection): Stream.Stream<JobSink.StoredJob, JobSink.SinkError> =>
  Stream.unwrap(Effect.map(hasTables(db), (found) => {
    if (!found) return Stream.empty
    const reader = new Reader(db)
    return Stream.paginate(
      undefined as Whole | undefined,
      Effect.fnUntraced(function*(after: Whole | undefined) {
        const page = yield* reader.whole(after, pageSize)
        const jobs = yield* Effect.forEach(page, (job) => storedJob(reader, job))
        return [jobs, page.length < pageSize ? Option.none() : Option.fromUndefinedOr(page.at(-1))] as const
      })
    )
  }))

const storedJob = Effect.fnUntraced(function*(reader: Reader, job: Whole) {
  const attachments = job.attachment_rows === 0 ? [] : yield* reader.attachments(job)
  const stored: JobSink.StoredJob = {
    ...TableRows.storedJob({
      ...job,
      project_id: StoredId.decode(job.project_id),
      batch_id: StoredId.decode(job.batch_id),
      job_id: StoredId.decode(job.job_id)
    }),
    document: Chunks.contentOf({ ...job, media_type: "" }, (after) => reader.chunk(job, undefined, after)),
    attachments: attachments.map((file) => ({
      index: file.attachment_index,
      content: Chunks.contentOf(file, (after) => reader.chunk(job, file.attachment_index, after))
    })),
    sizes: TableRows.sizesOf(yield* reader.sizes(job)),
    revision: { document: job.revision, attachments: job.attachments_revision }
  }
  return stored
})
