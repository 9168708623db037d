/** Writes the rows of one job, in place of all that stood there of it. */
import { type AnnotationModel, type JobSink, type ResultDocument, TableRows } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { attempt, type Where } from "./failure.ts"
import { ManyRows } from "./manyRows.ts"
import { Pace } from "./pace.ts"
import { type Codec, unreadable, writeParts } from "./parts.ts"
import { jobTables } from "./schema.ts"
import type { Database, Statement, Value } from "./sqlite.ts"
import { attachmentRow, jobRow, type Key, keyOf } from "./tableRows.ts"

/** Which bytes are stored beside the rows. */
export interface Keep {
  readonly documents: Codec | "off"
  readonly attachments: "keep" | "off"
}

/** Rows taken away in one call: of a row with a large blob, every page is visited. */
const atOnce: Readonly<Record<string, number>> = { documents: 4, files: 4 }
const manyAtOnce = 1000

const here = "batch_id = @batch AND job_id = @job"

export class Writer {
  private readonly db: Database
  private readonly file: string
  private readonly keep: Keep
  private readonly pace = new Pace()
  private readonly annotations: ManyRows<AnnotationModel.AnnotationRow>
  private readonly problems: ManyRows<ResultDocument.Problem>
  private readonly attachments: ManyRows<AnnotationModel.AttachmentRow>
  private readonly job: Statement
  private readonly receipt: Statement
  private readonly document: Statement
  private readonly part: Statement
  private readonly known: Statement
  private readonly any: Statement
  private readonly removals: ReadonlyArray<{ readonly limit: number; readonly statement: Statement }>
  private problemIndex = 0

  constructor(db: Database, file: string, keep: Keep) {
    this.db = db
    this.file = file
    this.keep = keep
    this.annotations = new ManyRows(db, "annotations", annotationColumns, fillAnnotation)
    this.attachments = new ManyRows(db, "attachments", attachmentColumns, fillAttachment)
    this.problems = new ManyRows(db, "problems", ["problem_index", "path", "reason"], (row, values, at) => {
      values[at] = this.problemIndex++
      values[at + 1] = row.path
      values[at + 2] = row.reason
    })
    this.job = db.prepare(`INSERT INTO jobs VALUES (${Array(15).fill("?").join(",")})`)
    this.receipt = db.prepare("INSERT INTO receipts VALUES (?,?,?,?,?,?,?,?)")
    this.document = db.prepare("INSERT INTO documents VALUES (?,?,?,?,?)")
    this.part = db.prepare("INSERT INTO files VALUES (?,?,?,?,?,?)")
    this.known = db.prepare(`SELECT 1 FROM receipts WHERE ${here}`).pluck()
    const each = jobTables.map((table) => `EXISTS (SELECT 1 FROM ${table} WHERE ${here})`)
    this.any = db.prepare(`SELECT ${each.join(" OR ")}`).pluck()
    this.removals = jobTables.map((table) => {
      const limit = atOnce[table] ?? manyAtOnce
      const some = `SELECT rowid FROM ${table} WHERE ${here} LIMIT ${limit}`
      return { limit, statement: db.prepare(`DELETE FROM ${table} WHERE rowid IN (${some})`) }
    })
  }

  /**
   * Writes a record inside the open transaction. Where it fails, the transaction holds a part of it: only rolling back
   * helps. `rejected` says that it is this record that cannot be stored.
   */
  write(record: JobSink.JobRecord): Effect.Effect<JobSink.Receipt, JobSink.SinkError> {
    return this.rows(record, this.known)
  }

  /**
   * As `write`, but where it fails with `rejected` nothing of the record stands, and what stood there before does again.
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
    const key = keyOf(record)
    const where: Where = { step: "stage", batchId: record.batchId, jobId: record.jobId }
    const { annotations, document: insertDocument, file, keep, pace, part: insertPart, problems } = this
    this.problemIndex = 0
    if (yield* attempt(file, where, () => exists.get({ ...key }) === 1)) yield* this.remove(key, where)
    if (keep.documents !== "off") {
      yield* writeParts(
        file,
        where,
        record.document,
        keep.documents,
        pace,
        (part, codec, bytes) => void insertDocument.run(key.batch, key.job, part, codec, bytes)
      )
    }
    let count = 0
    yield* Stream.runForEach(record.parsed.rows({ batchId: key.batch, jobId: key.job }), (decoded) =>
      Effect.andThen(
        attempt(file, where, () => {
          annotations.insert(key, decoded.rows)
          problems.insert(key, decoded.problems)
          count += decoded.rows.length
        }),
        pace.spend(decoded.rows.length + decoded.problems.length)
      )).pipe(Effect.catchTag("ContentError", (cause) => attempt(file, where, () => unreadable(cause))))
    if (keep.attachments === "keep") {
      for (const { content, ref } of record.attachments) {
        yield* writeParts(
          file,
          where,
          content,
          "zstd",
          pace,
          (part, codec, bytes) => void insertPart.run(key.batch, key.job, ref.index, part, codec, bytes)
        )
      }
    }
    const receipt = TableRows.receiptOf(record)
    yield* attempt(file, where, () => {
      if (record.attachments.length > 0) {
        this.attachments.insert(key, record.attachments.map((attachment) => attachmentRow(record, attachment, key)))
      }
      problems.insert(key, record.summary.problems ?? [])
      problems.insert(key, record.result.problems ?? [])
      const row = jobRow(record, key, count)
      this.job.run(...Object.values(row) as Array<Value>)
      this.receipt.run(
        key.batch,
        key.job,
        receipt.revision.attachments,
        receipt.bytes,
        record.attachments.length,
        this.problemIndex,
        keep.documents === "off" ? 0 : 1,
        keep.attachments === "off" ? 0 : 1
      )
    })
    yield* pace.spend(10)
    return receipt
  })

  private readonly remove = Effect.fnUntraced({ self: this }, function*(this: Writer, key: Key, where: Where) {
    const ids = { ...key }
    for (const { limit, statement } of this.removals) {
      for (let more = true; more;) {
        more = yield* attempt(this.file, where, () => statement.run(ids).changes === limit)
        if (more) yield* Effect.yieldNow
      }
    }
  })
}

const annotationColumns = [
  "annotation_index",
  "annotation_id",
  "track_id",
  "frame_id",
  "sensor_id",
  "type",
  "label",
  "instance",
  "x_min",
  "y_min",
  "x_max",
  "y_max",
  "geometry",
  "attributes",
  "color",
  "label_key",
  "source_path"
] as const

const fillAnnotation = (row: AnnotationModel.AnnotationRow, values: Array<Value>, at: number): void => {
  values[at] = row.annotation_index
  values[at + 1] = row.annotation_id
  values[at + 2] = row.track_id
  values[at + 3] = row.frame_id
  values[at + 4] = row.sensor_id
  values[at + 5] = row.type
  values[at + 6] = row.label
  values[at + 7] = row.instance
  values[at + 8] = row.x_min
  values[at + 9] = row.y_min
  values[at + 10] = row.x_max
  values[at + 11] = row.y_max
  values[at + 12] = row.geometry
  values[at + 13] = row.attributes
  values[at + 14] = row.color
  values[at + 15] = row.label_key
  values[at + 16] = row.source_path
}

const attachmentColumns = [
  "attachment_index",
  "role",
  "frame_id",
  "url",
  "revision",
  "bytes",
  "media_type",
  "path"
] as const

const fillAttachment = (row: AnnotationModel.AttachmentRow, values: Array<Value>, at: number): void => {
  values[at] = row.attachment_index
  values[at + 1] = row.role
  values[at + 2] = row.frame_id
  values[at + 3] = row.url
  values[at + 4] = row.revision
  values[at + 5] = row.bytes
  values[at + 6] = row.media_type
  values[at + 7] = row.path
}
