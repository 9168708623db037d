/**
 * What the conformance kit needs to know of this sink, and its own reader for what it stores: plain SQL and zstd, as
 * the docs page tells readers to go about it.
 */
import { AnnotationModel, type Table } from "@labelstream/core/sink"
import type { StoredJob } from "@labelstream/sink-testkit"
import BetterSqlite3 from "better-sqlite3"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { zstdDecompressSync } from "node:zlib"
import { SqliteSink } from "../../src/index.ts"

const fileIn = (target: string) => join(target, "labels.db")

export const make = (target: string) => SqliteSink.make({ file: fileIn(target) })

interface Chunk {
  readonly batch_id: string
  readonly job_id: string
  readonly attachment_index: number | null
  readonly codec: "zstd" | "none"
  readonly bytes: Buffer
}

interface Found {
  readonly rows: Array<AnnotationModel.AnnotationRow>
  readonly media: Array<AnnotationModel.MediaRow>
  readonly contents: Array<Array<Buffer>>
}

/** The id that a key column stands for: ids that UTF-8 has no form for are stored as U+FFFD, `~` and their JSON text. */
const idOf = (text: string): string => text.startsWith("\ufffd~") ? JSON.parse(text.slice(2)) as string : text

const contents = `SELECT batch_id, job_id, NULL AS attachment_index, chunk, codec, bytes FROM documents
  UNION ALL SELECT batch_id, job_id, attachment_index, chunk, codec, bytes FROM files
  ORDER BY batch_id, job_id, attachment_index NULLS FIRST, chunk`

/** All rows of a table in the order of its key. SQLite's integers 0 and 1 stand for what is a boolean. */
function* rowsOf<Row>(db: BetterSqlite3.Database, name: string, { columns, key }: Table.AnyTable): Generator<Row> {
  const booleans = columns.filter(({ type }) => type === "boolean").map((column) => column.name)
  const found = db.prepare(`SELECT * FROM ${name} ORDER BY ${key.join(", ")}`).iterate()
  for (const row of found as Iterable<Record<string, unknown>>) {
    for (const column of booleans) if (row[column] !== null) row[column] = row[column] === 1
    yield { ...row, batch_id: idOf(String(row["batch_id"])), job_id: idOf(String(row["job_id"])) } as Row
  }
}

const jobsIn = (db: BetterSqlite3.Database): ReadonlyArray<StoredJob> => {
  const found = new Map<string, Found>()
  const keyOf = (row: { readonly batch_id: string; readonly job_id: string }) =>
    JSON.stringify([idOf(row.batch_id), idOf(row.job_id)])
  for (const job of db.prepare("SELECT batch_id, job_id FROM jobs").all() as Array<Chunk>) {
    found.set(keyOf(job), { rows: [], media: [], contents: [] })
  }
  const of = (row: { readonly batch_id: string; readonly job_id: string }) => {
    const job = found.get(keyOf(row))
    if (job === undefined) throw new Error(`rows of ${row.job_id}, which is not in jobs`)
    return job
  }
  const { annotations, media } = AnnotationModel.tables
  for (const row of rowsOf<AnnotationModel.AnnotationRow>(db, "annotations", annotations)) of(row).rows.push(row)
  for (const row of rowsOf<AnnotationModel.MediaRow>(db, "media", media)) of(row).media.push(row)
  for (const chunk of db.prepare(contents).iterate() as Iterable<Chunk>) {
    const index = (chunk.attachment_index ?? -1) + 1
    const chunks = of(chunk).contents[index] ??= []
    chunks.push(chunk.codec === "zstd" ? zstdDecompressSync(chunk.bytes) : chunk.bytes)
  }
  return Array.from(found, ([key, { contents, media, rows }]) => {
    const [batchId, jobId] = JSON.parse(key) as [string, string]
    const [document, ...attachments] = contents.map((chunks) => Buffer.concat(chunks))
    if (document === undefined) throw new Error(`${jobId} has no document`)
    return { batchId, jobId, document, attachments, rows, media }
  })
}

const change = (sql: string) => (target: string) =>
  Effect.try(() => {
    const db = new BetterSqlite3(fileIn(target))
    try {
      db.exec(sql)
    } finally {
      db.close()
    }
  })

/** Ways to damage what is stored of some jobs. */
export const damages = {
  "a document removed": change("DELETE FROM documents WHERE job_id = 'job-1'"),
  "a document changed": change("UPDATE documents SET bytes = x'00' WHERE job_id = 'job-1'"),
  "annotations removed": change("DELETE FROM annotations WHERE job_id = 'job-2'"),
  "a job's row removed": change("DELETE FROM jobs WHERE job_id = 'job-4'"),
  "files removed": change("DELETE FROM files WHERE job_id = 'job-3'"),
  "a row of media removed": change("DELETE FROM media WHERE job_id = 'job-3' AND media_index = 0"),
  "an attachment's row removed": change("DELETE FROM attachments WHERE job_id = 'job-3' AND attachment_index = 1")
}

export const readBack = (target: string) =>
  Effect.try(() => {
    if (!existsSync(fileIn(target))) return []
    const db = new BetterSqlite3(fileIn(target), { readonly: true, fileMustExist: true })
    try {
      if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'jobs'").get() === undefined) return []
      return db.transaction(jobsIn)(db)
    } finally {
      db.close()
    }
  })
