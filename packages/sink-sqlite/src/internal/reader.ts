/** The questions that reading back asks, each answered in one short call. All of them throw. */
import type { AnnotationModel, Table } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import { restore } from "./parts.ts"
import { type Database, rollback, type Statement } from "./sqlite.ts"
import { equal, joined, of } from "./statements.ts"
import { jobKey, type Key, type Part, type Receipt, type TableName, tables } from "./tables.ts"

/** What was committed for a job, and what `jobs` says of it: nulls where it has no such row. */
export type Job = Receipt & Pick<AnnotationModel.JobRow, "revision" | "annotation_rows"> & {
  readonly project_id: string | null
}

/** A job that is kept whole: its document and all its files. `bytes` are those of the document. */
export type Whole = AnnotationModel.JobRow & Pick<Receipt, "attachments_revision" | "attachment_rows">

const { annotations, attachments, documents, files } = tables
const here = equal(jobKey)
const keyColumns = jobKey.join(", ")
const joinJobs = `JOIN jobs AS j ON ${joined(jobKey, "j", "r")}`
/** What numbers the rows of a job. */
const numberOf = (table: Table.AnyTable) => table.key.at(-1)!

const committed = `SELECT r.*, j.project_id, j.revision, j.annotation_rows FROM receipts AS r LEFT ${joinJobs}`
const keptWhole = `SELECT j.*, r.attachments_revision, r.attachment_rows FROM receipts AS r ${joinJobs}
  AND r.document_kept = 1 AND (r.attachment_rows = 0 OR r.files_kept = 1)`

/** Whether all JSON of a row is valid. */
const isSound = annotations.columns.filter(({ type }) => type === "json")
  .map(({ name, nullable }) => nullable ? `(${name} IS NULL OR json_valid(${name}))` : `json_valid(${name})`)
  .join(" AND ")
const position = numberOf(annotations)
const countSound = `SELECT count(*) AS rows, total(${isSound}) AS sound FROM annotations
  WHERE ${here} AND ${position} >= ? AND ${position} < ?`
const anyWhere = (condition: string) => `EXISTS (SELECT 1 FROM annotations WHERE ${here} AND ${condition})`
const anyBeyond = `SELECT ${anyWhere(`${position} >= ?`)} OR ${anyWhere(`${position} < 0`)}`

const sizesOf = `SELECT media_index, width, height FROM media WHERE ${here} AND width IS NOT NULL`
const attachmentsOf = `SELECT * FROM attachments WHERE ${here} ORDER BY ${numberOf(attachments)}`
const nextPart = (name: string, table: Table.AnyTable) =>
  `SELECT * FROM ${name} WHERE ${equal(table.key.slice(0, -1))} AND ${numberOf(table)} > ?
  ORDER BY ${numberOf(table)} LIMIT 1`
const documentPart = nextPart("documents", documents)
const filePart = nextPart("files", files)
const isKnown = `EXISTS (SELECT 1 FROM receipts AS r WHERE ${joined(jobKey, "r", "t")})`

export class Reader {
  private readonly db: Database
  private readonly statements = new Map<string, Statement>()

  constructor(db: Database) {
    this.db = db
  }

  /** From here to `end`, all answers are of one moment. */
  begin(): void {
    rollback(this.db)
    this.db.exec("BEGIN")
  }

  end(): void {
    this.db.exec("COMMIT")
  }

  /** The jobs after one, in order of their keys. */
  jobs(after: Key | undefined, limit: number): ReadonlyArray<Job> {
    return this.after(committed, after, limit) as ReadonlyArray<Job>
  }

  /** How many jobs have a receipt. */
  countJobs(): number {
    return this.prepare("SELECT count(*) FROM receipts").pluck().get() as number
  }

  /** The jobs after one that are kept whole, in order of their keys. */
  whole(after: Key | undefined, limit: number): ReadonlyArray<Whole> {
    return this.after(keptWhole, after, limit) as Array<Whole>
  }

  private after(from: string, after: Key | undefined, limit: number): Array<unknown> {
    const columns = of("r", jobKey)
    const order = `ORDER BY ${columns} LIMIT ?`
    return after === undefined
      ? this.prepare(`${from} ${order}`).all(limit)
      : this.prepare(`${from} WHERE (${columns}) > (?, ?) ${order}`).all(after.batch_id, after.job_id, limit)
  }

  /** How many annotations of a range there are, and how many of them hold valid JSON. */
  annotations(key: Key, from: number, to: number): { readonly rows: number; readonly sound: number } {
    return this.prepare(countSound).get(key.batch_id, key.job_id, from, to) as { rows: number; sound: number }
  }

  /** Whether there is any annotation outside of 0 to `end`. */
  annotationsBeyond(key: Key, end: number): boolean {
    return this.prepare(anyBeyond).pluck().get(key.batch_id, key.job_id, end, key.batch_id, key.job_id) === 1
  }

  count(table: TableName, key: Key): number {
    const sql = `SELECT count(*) FROM ${table} WHERE ${here}`
    return this.prepare(sql).pluck().get(key.batch_id, key.job_id) as number
  }

  attachments(key: Key): ReadonlyArray<AnnotationModel.AttachmentRow> {
    return this.prepare(attachmentsOf).all(key.batch_id, key.job_id) as Array<AnnotationModel.AttachmentRow>
  }

  /** The rows of media whose size is known. */
  sizes(key: Key): ReadonlyArray<Pick<AnnotationModel.MediaRow, "media_index" | "width" | "height">> {
    return this.prepare(sizesOf).all(key.batch_id, key.job_id) as Array<AnnotationModel.MediaRow>
  }

  /** The part after one, of the result document or of the attachment with an index. */
  part(key: Key, index: number | undefined, after: number): Part | undefined {
    return (index === undefined
      ? this.prepare(documentPart).get(key.batch_id, key.job_id, after)
      : this.prepare(filePart).get(key.batch_id, key.job_id, index, after)) as Part | undefined
  }

  /** The next job after one that has rows in a table, and whether there is a receipt for it. */
  next(table: TableName, after: Key | undefined) {
    const from = `SELECT ${keyColumns}, ${isKnown} AS known FROM ${table} AS t`
    const order = `ORDER BY ${keyColumns} LIMIT 1`
    return (after === undefined
      ? this.prepare(`${from} ${order}`).get()
      : this.prepare(`${from} WHERE (${keyColumns}) > (?, ?) ${order}`).get(after.batch_id, after.job_id)) as
        | Key & { readonly known: number }
        | undefined
  }

  /** The bytes of a part before compression; undefined where they are damaged. */
  static restored(part: Part): Effect.Effect<Uint8Array | undefined> {
    return Effect.orElseSucceed(restore(part.codec, part.bytes), () => undefined)
  }

  private prepare(sql: string): Statement {
    let statement = this.statements.get(sql)
    if (statement === undefined) this.statements.set(sql, statement = this.db.prepare(sql))
    return statement
  }
}
