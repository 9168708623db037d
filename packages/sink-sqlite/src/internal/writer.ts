/** Writes the rows of one job, in place of all that stood there of it. */
import { type Content, type JobSink, type ResultDocument, type Table, TableRows } from "@labelstream/core/sink"
import { Chunks, type DatabaseOptions, DatabaseTables, type Failure, StoredId } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { attempt } from "./failure.ts"
import { ManyRows } from "./manyRows.ts"
import { Pace } from "./pace.ts"
import type { Database, Statement } from "./sqlite.ts"
import { equal } from "./statements.ts"

const { jobKey, tableNames, tables } = DatabaseTables
type Key = DatabaseTables.Key

/** Rows taken away in one call: of a row with a large blob, every page is visited. */
const atOnce: { readonly [Name in DatabaseTables.TableName]?: number } = { documents: 4, files: 4 }
const manyAtOnce = 1000

const here = equal(jobKey, "named")

/** Inserts into one of the tables. */
type Into<Name extends DatabaseTables.TableName> = ManyRows<Table.RowOf<(typeof tables)[Name]>>

export class Writer {
  private readonly db: Database
  private readonly file: string
  private readonly keep: DatabaseOptions.Keep
  private readonly pace = new Pace()
  private readonly annotations: Into<"annotations">
  private readonly problems: Into<"problems">
  private readonly media: Into<"media">
  private readonly attachments: Into<"attachments">
  private readonly jobs: Into<"jobs">
  private readonly receipts: Into<"receipts">
  private readonly documents: Into<"documents">
  private readonly files: Into<"files">
  private readonly known: Statement
  private readonly any: Statement
  private readonly removals: ReadonlyArray<{ readonly limit: number; readonly statement: Statement }>
  private problemIndex = 0

  constructor(db: Database, file: string, keep: DatabaseOptions.Keep) {
    this.db = db
    this.file = file
    this.keep = keep
    const into = <Row>(name: DatabaseTables.TableName, table: Table.Table<Row>, most?: number) =>
      new ManyRows(db, name, table, most)
    this.annotations = into("annotations", tables.annotations)
    this.media = into("media", tables.media)
    this.attachments = into("attachments", tables.attachments)
    this.problems = into("problems", tables.problems)
    this.jobs = into("jobs", tables.jobs, 1)
    this.receipts = into("receipts", tables.receipts, 1)
    this.documents = into("documents", tables.documents, 1)
    this.files = into("files", tables.files, 1)
    this.known = db.prepare(`SELECT 1 FROM receipts WHERE ${here}`).pluck()
    const each = tableNames.map((table) => `EXISTS (SELECT 1 FROM ${table} WHERE ${here})`)
    this.any = db.prepare(`SELECT ${each.join(" OR ")}`).pluck()
    this.removals = tableNames.map((table) => {
      const limit = atOnce[table] ?? manyAtOnce
      const some = `SELECT rowid FROM ${table} WHERE ${here} LIMIT ${limit}`
      return { limit, statement: db.prepare(`DELETE FROM ${table} WHERE rowid IN (${some})`) }
    })
  }

  /**
   * Writes a record inside the open transaction. Where it fails, the transaction holds half of it: only rolling back
   * helps. `rejected` says that it is this record that cannot be stored.
   */
  write(record: JobSink.JobRecord): Effect.Effect<JobSink.Receipt, JobSink.SinkError> {
    return this.rows(record, this.known)
  }

  /**
   * As `write`, but if it fails with `rejected`, it restores the rows that were there before.
   * Rows that no receipt knows of give way too. Takes a quarter longer: SQLite copies every page before it is changed.
   */
  writeAlone(record: JobSink.JobRecord): Effect.Effect<JobSink.Receipt, JobSink.SinkError> {
    const step = (sql: string) => attempt(this.file, { step: "stage" }, () => this.db.exec(sql))
    return step("SAVEPOINT record").pipe(
      Effect.andThen(this.rows(record, this.any)),
      Effect.tap(step("RELEASE record")),
      Effect.catchIf(
        (error) => error.reason === "rejected",
        (error) => Effect.andThen(step("ROLLBACK TO record; RELEASE record"), Effect.fail(error))
      )
    )
  }

  private readonly rows = Effect.fnUntraced({ self: this }, function*(
    this: Writer,
    record: JobSink.JobRecord,
    exists: Statement
  ) {
    const key = StoredId.keyOf(record)
    const where: Failure.Where = { step: "stage", batchId: record.batchId, jobId: record.jobId }
    const { annotations, documents, file, files, keep, pace } = this
    this.problemIndex = 0
    if (yield* attempt(file, where, () => exists.get(key) === 1)) yield* this.remove(key, where)
    if (keep.documents !== "off") {
      yield* this.chunks(where, record.document, keep.documents, (chunk) => documents.insert(key, [chunk]))
    }
    let count = 0
    yield* Stream.runForEach(
      record.parsed.rows({ batchId: key.batch_id, jobId: key.job_id }),
      (decoded) =>
        Effect.andThen(
          attempt(file, where, () => {
            annotations.insert(key, decoded.rows)
            this.insertProblems(key, decoded.problems)
            count += decoded.rows.length
          }),
          pace.spend(decoded.rows.length + decoded.problems.length)
        )
    ).pipe(Effect.catchTag("ContentError", (cause) => attempt(file, where, () => thrown(Chunks.unreadable(cause)))))
    if (keep.attachments === "keep") {
      for (const { content, ref } of record.attachments) {
        // Masks are PNGs, which do not compress: and so one line of SQL writes them to files.
        const codec = ref.role === "mask" ? "none" : "zstd"
        yield* this.chunks(
          where,
          content,
          codec,
          (chunk) => files.insert(key, [{ attachment_index: ref.index, ...chunk }])
        )
      }
    }
    let mediaRows = 0
    yield* Stream.runForEach(TableRows.mediaRows(record), (rows) =>
      Effect.andThen(
        attempt(file, where, () => {
          this.media.insert(key, rows)
          mediaRows += rows.length
        }),
        pace.spend(rows.length)
      ))
    const receipt = TableRows.receiptOf(record)
    yield* attempt(file, where, () => {
      this.attachments.insert(key, record.attachments.map((of) => TableRows.attachmentRow(record, of)))
      this.insertProblems(key, record.summary.problems ?? [])
      this.insertProblems(key, record.result.problems ?? [])
      this.jobs.insert(key, [{ ...TableRows.jobRow(record, count), project_id: StoredId.encode(record.projectId) }])
      this.receipts.insert(key, [{
        attachments_revision: receipt.revision.attachments,
        bytes: receipt.bytes,
        media_rows: mediaRows,
        attachment_rows: record.attachments.length,
        problem_rows: this.problemIndex,
        document_kept: keep.documents === "off" ? 0 : 1,
        files_kept: keep.attachments === "off" ? 0 : 1
      }])
    })
    yield* pace.spend(10)
    return receipt
  })

  private chunks(
    where: Failure.Where,
    content: Content.Content,
    codec: Chunks.Codec,
    insert: (chunk: DatabaseTables.Chunk) => void
  ) {
    return Chunks.write(content, codec, (chunk) =>
      Effect.andThen(
        attempt(this.file, where, () => insert(chunk)),
        this.pace.spend(5 + (chunk.bytes.length >> 13))
      )).pipe(
        Effect.catch((error) => attempt(this.file, where, () => thrown(error)))
      )
  }

  private insertProblems(key: Key, problems: ReadonlyArray<ResultDocument.Problem>) {
    this.problems.insert(
      key,
      problems.map(({ path, reason }) => ({ problem_index: this.problemIndex++, path, reason }))
    )
  }

  private readonly remove = Effect.fnUntraced({ self: this }, function*(this: Writer, key: Key, where: Failure.Where) {
    for (const { limit, statement } of this.removals) {
      for (let more = true; more;) {
        more = yield* attempt(this.file, where, () => statement.run(key).changes === limit)
        if (more) yield* Effect.yieldNow
      }
    }
  })
}

const thrown = (error: Error): never => {
  throw error
}
