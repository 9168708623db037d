/** The queries that reading back needs, each in one short call. All of them throw. */
import type { AnnotationModel, Table } from "@labelstream/core/sink"
import { Chunks, DatabaseTables } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import { columnsIn } from "./schema.ts"
import { type Database, rollback, type Statement } from "./sqlite.ts"
import { equal, joined, of } from "./statements.ts"

type Key = DatabaseTables.Key

/** What was committed for a job, and its row in `jobs`: nulls if there is no such row. */
export type Job = DatabaseTables.Receipt & Pick<AnnotationModel.JobRow, "revision" | "annotation_rows"> & {
  readonly project_id: string | null
}

/** A job with its document and all its files. `bytes` are those of the document. */
export type Whole = AnnotationModel.JobRow & Pick<DatabaseTables.Receipt, "attachments_revision" | "attachment_rows">

const { jobKey, tables } = DatabaseTables
const { annotations, attachments, documents } = tables
const here = equal(jobKey)
const keyColumns = jobKey.join(", ")
const joinJobs = `JOIN jobs AS j ON ${joined(jobKey, "j", "r")}`
/** What numbers the rows of a job. */
const numberOf = (table: Table.AnyTable) => table.key.at(-1)!

const committed = `SELECT r.*, j.project_id, j.revision, j.annotation_rows FROM receipts AS r LEFT ${joinJobs}`
const keptWhole = `SELECT j.*, r.attachments_revision, r.attachment_rows FROM receipts AS r ${joinJobs}
  AND r.document_kept = 1 AND (r.attachment_rows = 0 OR r.files_kept = 1)`

const position = numberOf(annotations)
const countSound = (isSound: string) =>
  `SELECT count(*) AS rows, total(${isSound}) AS sound FROM annotations
  WHERE ${here} AND ${position} >= ? AND ${position} < ?`
const anyWhere = (condition: string) => `EXISTS (SELECT 1 FROM annotations WHERE ${here} AND ${condition})`
const anyBeyond = `SELECT ${anyWhere(`${position} >= ?`)} OR ${anyWhere(`${position} < 0`)}`

const sizesOf = `SELECT media_index, width, height FROM media WHERE ${here} AND width IS NOT NULL`
const attachmentsOf = `SELECT * FROM attachments WHERE ${here} ORDER BY ${numberOf(attachments)}`
const nextChunk = (name: "documents" | "files", number: string) => {
  return `SELECT *, ${number} AS ${numberOf(documents)} FROM ${name}
    WHERE ${equal(tables[name].key.slice(0, -1))} AND ${number} > ? ORDER BY ${number} LIMIT 1`
}
const isKnown = `EXISTS (SELECT 1 FROM receipts AS r WHERE ${joined(jobKey, "r", "t")})`

export class Reader {
  private readonly db: Database
  private readonly statements = new Map<string, Statement>()

  private readonly columns: ReadonlySet<string>
  private readonly documentChunk: string
  private readonly fileChunk: string
  private readonly countSound: string

  /** Selects the columns that the file has: another version has fewer, and one has another name. */
  constructor(db: Database) {
    this.db = db
    this.columns = columnsIn(db)
    const number = this.columns.has(`documents.${numberOf(documents)}`) ? numberOf(documents) : "part"
    this.documentChunk = nextChunk("documents", number)
    this.fileChunk = nextChunk("files", number)
    const isSound = annotations.columns
      .filter(({ name, type }) => type === "json" && this.columns.has(`annotations.${name}`))
      .map(({ name, nullable }) => nullable ? `(${name} IS NULL OR json_valid(${name}))` : `json_valid(${name})`)
    this.countSound = countSound(isSound.join(" AND "))
  }

  /** Whether the file has a table. */
  has(table: DatabaseTables.TableName): boolean {
    return this.columns.has(`${table}.${jobKey[0]!}`)
  }

  /** From here to `end`, all results are of one moment. */
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
    return this.prepare(this.countSound).get(key.batch_id, key.job_id, from, to) as { rows: number; sound: number }
  }

  /** Whether there is any annotation outside of 0 to `end`. */
  annotationsBeyond(key: Key, end: number): boolean {
    return this.prepare(anyBeyond).pluck().get(key.batch_id, key.job_id, end, key.batch_id, key.job_id) === 1
  }

  count(table: DatabaseTables.TableName, key: Key): number {
    const sql = `SELECT count(*) FROM ${table} WHERE ${here}`
    return this.prepare(sql).pluck().get(key.batch_id, key.job_id) as number
  }

  attachments(key: Key): ReadonlyArray<AnnotationModel.AttachmentRow> {
    return this.prepare(attachmentsOf).all(key.batch_id, key.job_id) as Array<AnnotationModel.AttachmentRow>
  }

  /** The rows of media whose size is known. */
  sizes(key: Key): ReadonlyArray<Pick<AnnotationModel.MediaRow, "media_index" | "width" | "height">> {
    if (!this.has("media")) return []
    return this.prepare(sizesOf).all(key.batch_id, key.job_id) as Array<AnnotationModel.MediaRow>
  }

  /** The chunk after one, of the result document or of the attachment with an index. */
  chunk(key: Key, index: number | undefined, after: number): DatabaseTables.Chunk | undefined {
    return (index === undefined
      ? this.prepare(this.documentChunk).get(key.batch_id, key.job_id, after)
      : this.prepare(this.fileChunk).get(key.batch_id, key.job_id, index, after)) as DatabaseTables.Chunk | undefined
  }

  /** The next job after one that has rows in a table, and whether there is a receipt for it. */
  next(table: DatabaseTables.TableName, after: Key | undefined) {
    const from = `SELECT ${keyColumns}, ${isKnown} AS known FROM ${table} AS t`
    const order = `ORDER BY ${keyColumns} LIMIT 1`
    return (after === undefined
      ? this.prepare(`${from} ${order}`).get()
      : this.prepare(`${from} WHERE (${keyColumns}) > (?, ?) ${order}`).get(after.batch_id, after.job_id)) as
        | Key & { readonly known: number }
        | undefined
  }

  /** The bytes of a chunk before compression; undefined if they are damaged. */
  static restored(chunk: DatabaseTables.Chunk): Effect.Effect<Uint8Array | undefined> {
    return Effect.orElseSucceed(Chunks.restore(chunk.codec, chunk.bytes), () => undefined)
  }

  private prepare(sql: string): Statement {
    let statement = this.statements.get(sql)
    if (statement === undefined) this.statements.set(sql, statement = this.db.prepare(sql))
    return statement
  }
}
