/** Gives back what is committed, job by job in order of the keys, for another sink to store. */
import { type JobSink, TableRows } from "@labelstream/core/sink"
import { Chunks, type DatabaseTables, StoredId } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { openReader } from "./database.ts"
import { attempt } from "./failure.ts"
import { Reader, type Whole } from "./reader.ts"

/** Jobs of one page. Their contents are read when they are asked for. */
const pageSize = 200

/** Yields the jobs whose document and files are kept, or nothing if there is no file. */
export const replay = (file: string): Stream.Stream<JobSink.StoredJob, JobSink.SinkError> =>
  Stream.unwrap(Effect.map(openReader(file), (db) => {
    if (db === undefined) return Stream.empty
    const reader = new Reader(db)
    return Stream.paginate(
      undefined as Whole | undefined,
      (after: Whole | undefined) =>
        attempt(file, { step: "inspect" }, () => {
          const page = reader.whole(after, pageSize)
          const jobs = page.map((job) => storedJob(reader, job))
          return [jobs, page.length < pageSize ? Option.none() : Option.fromUndefinedOr(page.at(-1))] as const
        })
    )
  }))

const storedJob = (reader: Reader, job: Whole): JobSink.StoredJob => ({
  ...TableRows.storedJob({
    ...job,
    project_id: StoredId.decode(job.project_id),
    batch_id: StoredId.decode(job.batch_id),
    job_id: StoredId.decode(job.job_id)
  }),
  document: Chunks.contentOf({ ...job, media_type: "" }, chunksOf(reader, job, undefined)),
  attachments: (job.attachment_rows === 0 ? [] : reader.attachments(job)).map((file) => ({
    index: file.attachment_index,
    content: Chunks.contentOf(file, chunksOf(reader, job, file.attachment_index))
  })),
  sizes: TableRows.sizesOf(reader.sizes(job)),
  revision: { document: job.revision, attachments: job.attachments_revision }
})

const chunksOf = (reader: Reader, key: DatabaseTables.Key, index: number | undefined) => (after: number) =>
  Effect.try({ try: () => reader.chunk(key, index, after), catch: (cause) => cause })
