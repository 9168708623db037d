/** The questions that reading back asks, each answered in one short call. All of them throw. */
import * as Effect from "effect/Effect"
import { restore } from "./parts.ts"
import { jobTables } from "./schema.ts"
import { type Database, rollback, type Statement } from "./sqlite.ts"

/** What was committed for a job, and what `jobs` says of it. */
export interface Job {
  readonly batch_id: string
  readonly job_id: string
  readonly attachments_revision: string
  readonly bytes: number
  readonly attachment_rows: number
  readonly problem_rows: number
  readonly document_kept: number
  readonly files_kept: number
  /** Null where `jobs` has no such row, as are the ones below. */
  readonly project_id: string | null
  readonly revision: string
  readonly annotation_rows: number
}

/** Some bytes of a document or file, as stored. */
export interface Part {
  readonly part: number
  readonly codec: string
  readonly bytes: Uint8Array
}

/** A job that is kept whole: its document and all its files. */
export interface Whole {
  readonly batch_id: string
  readonly job_id: string
  readonly project_id: string
  readonly reference_id: string
  readonly status: string
  readonly frames: number | null
  readonly annotations: number | null
  readonly tag: string | null
  readonly work_flow_id: string | null
  readonly priority_weight: number | null
  readonly result_url: string
  readonly revision: string
  /** Size of the document. */
  readonly document_bytes: number
  readonly attachments_revision: string
  readonly attachment_rows: number
}

/** A nested file as `attachments` says it. */
export interface StoredFile {
  readonly attachment_index: number
  readonly revision: string
  readonly bytes: number
  readonly media_type: string
}

type Table = (typeof jobTables)[number]

const key = "batch_id = ? AND job_id = ?"
const joined = "JOIN jobs AS j ON j.batch_id = r.batch_id AND j.job_id = r.job_id"
const committed = `SELECT r.*, j.project_id, j.revision, j.annotation_rows FROM receipts AS r LEFT ${joined}`

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
  jobs(batch: string | undefined, job: string | undefined, limit: number): ReadonlyArray<Job> {
    return this.after(committed, batch, job, limit) as ReadonlyArray<Job>
  }

  /** One job, undefined where nothing was committed for it. */
  job(batch: string, job: string): Job | undefined {
    return this.prepare(`${committed} WHERE r.batch_id = ? AND r.job_id = ?`).get(batch, job) as Job | undefined
  }

  /** How many jobs have a receipt. */
  countJobs(): number {
    return this.prepare("SELECT count(*) FROM receipts").pluck().get() as number
  }

  /** The jobs after one that are kept whole, in order of their keys. */
  whole(batch: string | undefined, job: string | undefined, limit: number): ReadonlyArray<Whole> {
    const columns = "j.*, j.bytes AS document_bytes, r.attachments_revision, r.attachment_rows"
    const kept = "r.document_kept = 1 AND (r.attachment_rows = 0 OR r.files_kept = 1)"
    const from = `SELECT ${columns} FROM receipts AS r ${joined} AND ${kept}`
    return this.after(from, batch, job, limit) as ReadonlyArray<Whole>
  }

  private after(from: string, batch: string | undefined, job: string | undefined, limit: number): Array<unknown> {
    const order = "ORDER BY r.batch_id, r.job_id LIMIT ?"
    return batch === undefined || job === undefined
      ? this.prepare(`${from} ${order}`).all(limit)
      : this.prepare(`${from} WHERE (r.batch_id, r.job_id) > (?, ?) ${order}`).all(batch, job, limit)
  }

  /** How many annotations of a range there are, and how many of them hold valid JSON. */
  annotations(batch: string, job: string, from: number, to: number): { readonly rows: number; readonly sound: number } {
    const what = "count(*) AS rows, total(json_valid(geometry) AND json_valid(attributes)) AS sound"
    const sql = `SELECT ${what} FROM annotations WHERE ${key} AND annotation_index >= ? AND annotation_index < ?`
    return this.prepare(sql).get(batch, job, from, to) as { rows: number; sound: number }
  }

  /** Whether there is any annotation outside of 0 to `end`. */
  annotationsBeyond(batch: string, job: string, end: number): boolean {
    const outside = (condition: string) => `EXISTS (SELECT 1 FROM annotations WHERE ${key} AND ${condition})`
    const sql = `SELECT ${outside("annotation_index >= ?")} OR ${outside("annotation_index < 0")}`
    return this.prepare(sql).pluck().get(batch, job, end, batch, job) === 1
  }

  count(table: Table, batch: string, job: string): number {
    return this.prepare(`SELECT count(*) FROM ${table} WHERE ${key}`).pluck().get(batch, job) as number
  }

  attachments(batch: string, job: string): ReadonlyArray<StoredFile> {
    const columns = "attachment_index, revision, bytes, media_type"
    const sql = `SELECT ${columns} FROM attachments WHERE ${key} ORDER BY attachment_index`
    return this.prepare(sql).all(batch, job) as Array<StoredFile>
  }

  /** The part after one, of the result document or of the attachment with an index. */
  part(batch: string, job: string, index: number | undefined, after: number): Part | undefined {
    const order = "AND part > ? ORDER BY part LIMIT 1"
    return (index === undefined
      ? this.prepare(`SELECT part, codec, bytes FROM documents WHERE ${key} ${order}`).get(batch, job, after)
      : this.prepare(`SELECT part, codec, bytes FROM files WHERE ${key} AND attachment_index = ? ${order}`)
        .get(batch, job, index, after)) as Part | undefined
  }

  /** The next job after one that has rows in a table, and whether there is a receipt for it. */
  next(table: Table, batch: string | undefined, job: string | undefined) {
    const known = "EXISTS (SELECT 1 FROM receipts AS r WHERE r.batch_id = t.batch_id AND r.job_id = t.job_id) AS known"
    const from = `SELECT batch_id, job_id, ${known} FROM ${table} AS t`
    const order = "ORDER BY batch_id, job_id LIMIT 1"
    return (batch === undefined || job === undefined
      ? this.prepare(`${from} ${order}`).get()
      : this.prepare(`${from} WHERE (batch_id, job_id) > (?, ?) ${order}`).get(batch, job)) as
        | { readonly batch_id: string; readonly job_id: string; readonly known: number }
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
