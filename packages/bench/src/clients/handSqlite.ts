/** The same rows into the same tables with better-sqlite3 alone: one statement for each table, one transaction a batch. */
import { AnnotationModel, TableRows } from "@labelstream/core/sink"
import { SqliteSink } from "@labelstream/sink-sqlite"
import Database from "better-sqlite3"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import type { Run } from "../harness/client.ts"
import { batches, columns, rowsPerJob } from "../support/rows.ts"

interface Spec {
  readonly folder: string
  readonly jobs: number
  /** Annotation rows of each INSERT. */
  readonly rowsPerInsert: number
}

const insert = (table: string, width: number, rows: number) =>
  `INSERT INTO ${table} VALUES ${Array(rows).fill(`(${Array(width).fill("?").join(",")})`).join(",")}`

export const run: Run<Spec> = async ({ folder, jobs, rowsPerInsert }, stopwatch) => {
  const file = join(folder, "jobs.sqlite")
  // The sink makes its tables when it opens, so that they are the same.
  await Effect.runPromise(Effect.scoped(SqliteSink.make({ file }).open))
  const db = new Database(file)
  db.pragma("journal_mode = WAL")
  db.pragma("synchronous = FULL")
  // As the sink has them: with SQLite's own the log goes into the file four times as often.
  db.pragma("cache_size = -16384")
  db.pragma("wal_autocheckpoint = 4096")
  const insertJob = db.prepare(insert("jobs", AnnotationModel.tables.jobs.columns.length, 1))
  const insertReceipt = db.prepare(insert("receipts", 9, 1))
  const insertRows = db.prepare(insert("annotations", columns.length, rowsPerInsert))
  const { maxRecords } = SqliteSink.capabilities.batch
  for (const batch of batches(jobs, maxRecords)) {
    await stopwatch.run(() =>
      db.transaction(() => {
        for (const { record, rows } of batch) {
          for (let at = 0; at < rows.length; at += rowsPerInsert) {
            insertRows.run(rows.slice(at, at + rowsPerInsert).flatMap((row) => Object.values(row) as Array<unknown>))
          }
          insertJob.run(Object.values(TableRows.jobRow(record, rows.length)))
          insertReceipt.run(record.batchId, record.jobId, "", record.document.size, 0, 0, 0, 0, 0)
        }
      })()
    )
  }
  await stopwatch.run(() => db.close())
  return { rows: jobs * rowsPerJob }
}
