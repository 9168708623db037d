/** The queries that reading back needs, each one statement. */
import type { AnnotationModel, JobSink } from "@labelstream/core/sink"
import { DatabaseTables, type Failure } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import type { Connection } from "./connection.ts"
import { joined, list, quoted } from "./statements.ts"

const { jobKey, tables } = DatabaseTables
type Key = DatabaseTables.Key

/** What was committed for a job, its row in `jobs` (nulls if there is no such row), and how many rows there are. */
export interface Job extends DatabaseTables.Receipt, Pick<AnnotationModel.JobRow, "revision" | "annotation_rows"> {
  readonly project_id: string | null
  readonly annotations_found: number
  readonly annotations_beyond: number
  readonly media_found: number
  readonly problems_found: number
}

/** A job with its document and all its files. */
export type Whole = AnnotationModel.JobRow & Pick<DatabaseTables.Receipt, "attachments_revision" | "attachment_rows">

/** The column that numbers the annotations of a job. */
const position = quoted(tables.annotations.key.at(-1)!)

const inJob = (name: string) => `FROM ${quoted(name)} AS t WHERE ${joined(jobKey, "t", "r")}`
const joinJobs = `JOIN jobs AS j ON ${joined(jobKey, "j", "r")}`
const after = `WHERE ($1::text IS NULL OR (${list(jobKey, "r")}) > ($1, $2)) `
const ordered = `ORDER BY ${list(jobKey, "r")} LIMIT $3`

const receipts =
  `SELECT r.*, j.project_id, j.revision, j.annotation_rows FROM receipts AS r LEFT ${joinJobs} ${after}${ordered}`
const counted = `SELECT r.*, (SELECT count(*)::int4 ${inJob("annotations")}) AS annotations_found,
  (SELECT count(*)::int4 ${inJob("annotations")} AND (${position} < 0 OR ${position} >= r.annotation_rows))
    AS annotations_beyond,
  (SELECT count(*)::int4 ${inJob("media")}) AS media_found,
  (SELECT count(*)::int4 ${inJob("problems")}) AS problems_found
  FROM (${receipts}) AS r ORDER BY ${list(jobKey, "r")}`
const keptWhole = `SELECT j.*, r.attachments_revision, r.attachment_rows FROM receipts AS r ${joinJobs}
  AND r.document_kept = 1 AND (r.attachment_rows = 0 OR r.files_kept = 1) ${after}${ordered}`

const own = jobKey.map((name, index) => `${quoted(name)} = $${index + 1}`).join(" AND ")
const attachmentsOf = `SELECT * FROM attachments WHERE ${own} ORDER BY attachment_index`
const sizesOf = `SELECT media_index, width, height FROM media WHERE ${own} AND width IS NOT NULL`
const documentChunk = `SELECT * FROM documents WHERE ${own} AND chunk > $3 ORDER BY chunk LIMIT 1`
const fileChunk = `SELECT * FROM files WHERE ${own} AND chunk > $3 AND attachment_index = $4 ORDER BY chunk LIMIT 1`
const strangers = (name: string) =>
  `SELECT DISTINCT ${list(jobKey, "r")} FROM ${quoted(name)} AS r ${after}
    AND NOT EXISTS (SELECT 1 ${inJob("receipts")}) ${ordered}`

type Answer<Row> = Effect.Effect<ReadonlyArray<Row>, JobSink.SinkError>

export class Reader {
  private readonly db: Connection

  constructor(db: Connection) {
    this.db = db
  }

  private ask<Row>(
    sql: string,
    params: ReadonlyArray<unknown>,
    where: Failure.Where = { step: "inspect" }
  ): Answer<Row> {
    return Effect.map(
      this.db.query(where, sql, params),
      (rows) => rows.map((row) => withNumbers(row) as unknown as Row)
    )
  }

  /** The jobs after one, in order of their keys; with `counts`, how many rows each has. */
  jobs(key: Key | undefined, limit: number, counts: boolean): Answer<Job> {
    return this.ask<Job>(counts ? counted : receipts, [...of(key), limit])
  }

  /** The jobs after one that have their document and all their files, in order of their keys. */
  whole(key: Key | undefined, limit: number): Answer<Whole> {
    return this.ask<Whole>(keptWhole, [...of(key), limit])
  }

  /** The jobs after one that have rows in a table and no receipt. */
  strangers(table: DatabaseTables.TableName, key: Key | undefined, limit: number): Answer<Key> {
    return this.ask<Key>(strangers(table), [...of(key), limit])
  }

  /** How many jobs have a receipt. */
  get count(): Effect.Effect<number, JobSink.SinkError> {
    return Effect.map(
      this.ask<{ readonly count: number }>("SELECT count(*) AS count FROM receipts", []),
      ([row]) => row?.count ?? 0
    )
  }

  attachments(key: Key, where?: Failure.Where): Answer<AnnotationModel.AttachmentRow> {
    return this.ask<AnnotationModel.AttachmentRow>(attachmentsOf, of(key), where)
  }

  /** The rows of media whose size is known. */
  sizes(key: Key): Answer<Pick<AnnotationModel.MediaRow, "media_index" | "width" | "height">> {
    return this.ask<Pick<AnnotationModel.MediaRow, "media_index" | "width" | "height">>(sizesOf, of(key))
  }

  /** The chunk after one, of the result document or of the attachment with an index. */
  chunk(key: Key, index: number | undefined, last: number, where?: Failure.Where): Effect.Effect<
    DatabaseTables.Chunk | undefined,
    JobSink.SinkError
  > {
    const [sql, rest] = index === undefined ? [documentChunk, []] : [fileChunk, [index]]
    return Effect.map(
      this.ask<DatabaseTables.Chunk>(sql, [...of(key), last, ...rest], where),
      ([row]) => row
    )
  }
}

const of = (key: Key | undefined): ReadonlyArray<string | null> => [key?.batch_id ?? null, key?.job_id ?? null]

/** The driver returns `int8` as a bigint; all of these are safe integers. */
const withNumbers = <Row>(row: Row): Row =>
  Object.fromEntries(
    Object.entries(row as Record<string, unknown>).map(([name, value]) => [
      name,
      typeof value === "bigint" ? Number(value) : value
    ])
  ) as Row
