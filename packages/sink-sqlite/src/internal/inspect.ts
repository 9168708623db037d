/**
 * Reads back what is committed. Goes through the receipts in order of their keys and holds the other tables against
 * them, a page at a time, each as it is at one moment, so that a run may continue writing meanwhile.
 */
import type { JobSink } from "@labelstream/core/sink"
import { Chunks, DatabaseTables, Failure, JobFaults, StoredId } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { openReader } from "./database.ts"
import { attempt, damaged } from "./failure.ts"
import { type Job, Reader } from "./reader.ts"

type Key = DatabaseTables.Key

/** Jobs of one page: their rows are read in one go, their contents one by one. */
const pageSize = 200

/** Annotations that are read in one call, about 10 ms. */
const rowsAtOnce = 2000

/** Yields what is in the file, or nothing if there is no file. */
export const inspect = (
  file: string,
  depth: JobSink.InspectDepth
): Stream.Stream<ReadonlyArray<JobSink.Inspected>, JobSink.SinkError> =>
  Stream.unwrap(Effect.map(openReader(file), (db) => {
    if (db === undefined) return Stream.empty
    const reader = new Reader(db)
    const tables = depth === "manifest"
      ? (["jobs"] as const)
      : DatabaseTables.tableNames.filter((table) => table !== "receipts" && reader.has(table))
    return Stream.concat(
      paged(file, reader, (after) => receipts(file, reader, depth, after)),
      Stream.flatMap(
        Stream.fromIterable(tables),
        (table) => paged(file, reader, (after) => extras(file, reader, table, after))
      )
    )
  }))

type Page = { readonly found: ReadonlyArray<JobSink.Inspected>; readonly last: Key | undefined }

/** Pages that each begin after the last job of the one before. */
const paged = (
  file: string,
  reader: Reader,
  next: (after: Key | undefined) => Effect.Effect<Page, JobSink.SinkError>
) => {
  const step = (work: () => void) => attempt(file, { step: "inspect" }, work)
  return Stream.paginate(
    undefined as Key | undefined,
    Effect.fnUntraced(function*(after: Key | undefined) {
      yield* step(() => reader.begin())
      const { found, last } = yield* next(after)
      yield* step(() => {
        reader.end()
        // Keys are in order unless the file is damaged: going on would never end.
        if (last !== undefined && last.batch_id === after?.batch_id && last.job_id === after.job_id) {
          throw new Failure.Problem("corrupt", damaged(file))
        }
      })
      yield* Effect.yieldNow
      return [found.length === 0 ? [] : [found], last === undefined ? Option.none() : Option.some(last)] as const
    })
  )
}

const receipts = Effect.fnUntraced(
  function*(file: string, reader: Reader, depth: JobSink.InspectDepth, after: Key | undefined) {
    const jobs = yield* attempt(file, { step: "inspect" }, () => reader.jobs(after, pageSize))
    const found: Array<JobSink.Inspected> = []
    for (const job of jobs) {
      const faults = new JobFaults.JobFaults(job)
      if (job.project_id === null) faults.add("Missing", "jobs")
      else if (depth === "content") yield* compareContent(file, reader, job, faults)
      if (job.project_id === null || faults.found.length > 0) found.push(...faults.found)
      else found.push(JobFaults.intact(job, job.project_id))
    }
    return { found, last: jobs.length < pageSize ? undefined : jobs.at(-1) }
  }
)

/** How many jobs are committed. */
export const count = (file: string): Effect.Effect<number, JobSink.SinkError> =>
  Effect.scoped(
    Effect.flatMap(
      openReader(file),
      (db) => attempt(file, { step: "inspect" }, () => db === undefined ? 0 : new Reader(db).countJobs())
    )
  )

const compareContent = Effect.fnUntraced(
  function*(file: string, reader: Reader, job: Job, faults: JobFaults.JobFaults) {
    const where = {
      step: "inspect",
      batchId: StoredId.decode(job.batch_id),
      jobId: StoredId.decode(job.job_id)
    } as const
    const step = <A>(work: () => A) => attempt(file, where, work)
    let rows = 0
    let sound = 0
    for (let from = 0; from < job.annotation_rows; from += rowsAtOnce) {
      const some = yield* step(() => reader.annotations(job, from, Math.min(from + rowsAtOnce, job.annotation_rows)))
      rows += some.rows
      sound += some.sound
      if (job.annotation_rows > rowsAtOnce) yield* Effect.yieldNow
    }
    const beyond = yield* step(() => reader.annotationsBeyond(job, job.annotation_rows))
    if (rows === job.annotation_rows && (beyond || sound < rows)) faults.add("Modified", "annotations")
    else faults.count("annotations", rows, job.annotation_rows)
    if (reader.has("media")) faults.count("media", yield* step(() => reader.count("media", job)), job.media_rows)
    faults.count("problems", yield* step(() => reader.count("problems", job)), job.problem_rows)

    const hash = (index: number | undefined) => Chunks.hashOf((after) => step(() => reader.chunk(job, index, after)))
    if (job.document_kept === 1) faults.hash("documents", yield* hash(undefined), job.revision)
    const attachments = yield* step(() => reader.attachments(job))
    faults.count("attachments", attachments.length, job.attachment_rows)
    if (job.files_kept === 0) return
    for (const { attachment_index: index, revision } of attachments) {
      faults.hash("files", yield* hash(index), revision, `/${index}`)
    }
  }
)

/** Rows of jobs that no receipt knows of. */
const extras = Effect.fnUntraced(
  function*(file: string, reader: Reader, table: DatabaseTables.TableName, after: Key | undefined) {
    return yield* attempt(file, { step: "inspect" }, (): Page => {
      const found: Array<JobSink.Inspected> = []
      let last = after
      for (let count = 0; count < pageSize; count++) {
        const next = reader.next(table, last)
        if (next === undefined) return { found, last: undefined }
        if (next.known === 0) found.push({ _tag: "Extra", path: `${table}/${next.batch_id}/${next.job_id}` })
        last = next
      }
      return { found, last }
    })
  }
)
