/** Gives back what is committed, job by job in order of the keys, for another sink to store. */
import { type AnnotationModel, Content, type JobSink, TableRows } from "@labelstream/core/sink"
import { type DatabaseTables, StoredId } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { openReader } from "./database.ts"
import { attempt } from "./failure.ts"
import { Reader, type Whole } from "./reader.ts"

/** Jobs of one page. Their contents are read when they are asked for. */
const pageSize = 200

/** Yields the jobs whose document is kept, and whose files are too. Nothing where there is no file. */
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
  document: contentOf(reader, job, undefined, { ...job, media_type: "" }),
  attachments: (job.attachment_rows === 0 ? [] : reader.attachments(job)).map((file) => ({
    index: file.attachment_index,
    content: contentOf(reader, job, file.attachment_index, file)
  })),
  sizes: TableRows.sizesOf(reader.sizes(job)),
  revision: { document: job.revision, attachments: job.attachments_revision }
})

/** Stored bytes as content, as long as the stream lasts that gave it. */
const contentOf = (
  reader: Reader,
  key: DatabaseTables.Key,
  index: number | undefined,
  { bytes: size, media_type, revision: sha256 }: Pick<
    AnnotationModel.AttachmentRow,
    "revision" | "bytes" | "media_type"
  >
): Content.Content => {
  const stream = Stream.suspend(() => {
    const hash = createHash("sha256")
    return Stream.paginate(
      -1,
      Effect.fnUntraced(function*(after: number) {
        const chunk = yield* Effect.try({ try: () => reader.chunk(key, index, after), catch: unreadable })
        if (chunk === undefined) {
          return hash.digest("hex") === sha256 ? [[], Option.none()] as const : yield* changed
        }
        const bytes = yield* Reader.restored(chunk)
        if (bytes === undefined) return yield* changed
        hash.update(bytes)
        return [slices(bytes), Option.some(chunk.chunk)] as const
      })
    )
  })
  return {
    size,
    sha256,
    mediaType: media_type === "" ? null : media_type,
    bytes: undefined,
    path: undefined,
    stream,
    collect: Effect.map(Stream.runCollect(stream), (chunks) => Buffer.concat(chunks))
  }
}

const sliceBytes = 1024 * 1024

const slices = (bytes: Uint8Array): ReadonlyArray<Uint8Array> => {
  if (bytes.length <= sliceBytes) return bytes.length === 0 ? [] : [bytes]
  const count = Math.ceil(bytes.length / sliceBytes)
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * sliceBytes, (index + 1) * sliceBytes))
}

const unreadable = (cause: unknown) => new Content.ContentError({ operation: "read", cause })

const changed = new Content.ContentError({
  operation: "read",
  code: "CHANGED",
  cause: new Error("stored bytes are missing, or not those that were committed")
})
