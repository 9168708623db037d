/**
 * Reads back what is committed. Goes through the receipts in order of their keys and compares the other tables with them, a
 * page at a time, each as it is at one moment, so that runs may continue writing meanwhile.
 */
import type { JobSink } from "@labelstream/core/sink"
import { Chunks, DatabaseTables, JobFaults, StoredId } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Connection } from "./connection.ts"
import { type Job, Reader } from "./reader.ts"
import { hasTables } from "./schema.ts"

type Key = DatabaseTables.Key

/** Jobs of one page: one statement counts their rows, and their contents are read one by one. */
const pageSize = 200

/** Yields what is in the tables, or nothing if there are none. */
export const inspect = (
  db: Connection,
  depth: JobSink.InspectDepth
): Stream.Stream<ReadonlyArray<JobSink.Inspected>, JobSink.SinkError> =>
  Stream.unwrap(Effect.map(hasTables(db), (found) => {
    if (!found) return Stream.empty
    const reader = new Reader(db)
    const tables = depth === "manifest"
      ? (["jobs"] as const)
      : DatabaseTables.tableNames.filter((table) => table !== "receipts")
    return Stream.concat(
      paged(db, (after) => receipts(reader, depth, after)),
      Stream.flatMap(Stream.fromIterable(tables), (table) => paged(db, (after) => extras(reader, table, after)))
    )
  }))

/** How many jobs are committed. */
export const count = (db: Connection): Effect.Effect<number, JobSink.SinkError> =>
  Effect.flatMap(hasTables(db), (found) => found ? new Reader(db).count : Effect.succeed(0))

type Page = { readonly found: ReadonlyArray<JobSink.Inspected>; readonly last: Key | undefined }

/** Pages that each begin after the last job of the one before. */
const paged = (db: Connection, next: (after: Key | undefined) => Effect.Effect<Page, JobSink.SinkError>) => {
  const step = (sql: string) => db.query({ step: "inspect" }, sql)
  return Stream.paginate(
    undefined as Key | undefined,
    Effect.fnUntraced(function*(after: Key | undefined) {
      yield* step("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
      const { found, last } = yield* Effect.tapError(next(after), () => db.close)
      yield* step("COMMIT")
      return [found.length === 0 ? [] : [found], Option.fromUndefinedOr(last)] as const
    })
  )
}

const receipts = Effect.fnUntraced(function*(reader: Reader, depth: JobSink.InspectDepth, after: Key | undefined) {
  const jobs = yield* reader.jobs(after, pageSize, depth === "content")
  const found: Array<JobSink.Inspected> = []
  for (const job of jobs) {
    const faults = new JobFaults.JobFaults(job)
    if (job.project_id === null) faults.add("Missing", "jobs")
    else if (depth === "content") yield* compareContent(reader, job, faults)
    if (job.project_id === null || faults.found.length > 0) found.push(...faults.found)
    else found.push(JobFaults.intact(job, job.project_id))
  }
  return { found, last: jobs.length < pageSize ? undefined : jobs.at(-1) }
})

const compareContent = Effect.fnUntraced(function*(reader: Reader, job: Job, faults: JobFaults.JobFaults) {
  const where = { step: "inspect", batchId: StoredId.decode(job.batch_id), jobId: StoredId.decode(job.job_id) } as const
  if (job.annotations_found === job.annotation_rows && job.annotations_beyond > 0) faults.add("Modified", "annotations")
  else faults.count("annotations", job.annotations_found, job.annotation_rows)
  faults.count("media", job.media_found, job.media_rows)
  faults.count("problems", job.problems_found, job.problem_rows)

  const hash = (index: number | undefined) => Chunks.hashOf((after) => reader.chunk(job, index, after, where))
  if (job.document_kept === 1) faults.hash("documents", yield* hash(undefined), job.revision)
  const attachments = job.attachment_rows === 0 ? [] : yield* reader.attachments(job, where)
  faults.count("attachments", attachments.length, job.attachment_rows)
  if (job.files_kept === 0) return
  for (const { attachment_index: index, revision } of attachments) {
    faults.hash("files", yield* hash(index), revision, `/${index}`)
  }
})

/** Rows of jobs without a receipt. */
const extras = (reader: Reader, table: DatabaseTables.TableName, after: Key | undefined) =>
  Effect.map(reader.strangers(table, after, pageSize), (keys): Page => ({
    found: keys.map(({ batch_id, job_id }) => ({ _tag: "Extra", path: `${table}/${batch_id}/${job_id}` })),
    last: keys.length < pageSize ? undefined : keys.at(-1)
  }))
