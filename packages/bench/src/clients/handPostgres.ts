/**
 * The same rows into the same tables of PostgreSQL by COPY alone: text as COPY reads it, made in the shortest way, a
 * transaction for each batch. The driver is `pg`, since that of the sink has no COPY.
 */
import { type Table, TableRows } from "@labelstream/core/sink"
import { DatabaseTables } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import { pipeline } from "node:stream/promises"
import { Client } from "pg"
import { from } from "pg-copy-streams"
import type { Run } from "../harness/client.ts"
import { postgresSink } from "../support/intoSink.ts"
import { batches, type MadeJob, rowsPerJob } from "../support/rows.ts"

interface Spec {
  readonly folder: string
  readonly jobs: number
  readonly url: string
}

const { annotations, jobs: jobTable, receipts } = DatabaseTables.tables

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" }

type Value = string | number | boolean | null

const field = (value: Value): string =>
  value === null ? "\\N" : String(value).replace(/[\\\n\r\t]/g, (found) => escapes[found]!)

/** Lines of a batch, job by job. */
function* lines<Row>(batch: ReadonlyArray<MadeJob>, table: Table.Table<Row>, rowsOf: (job: MadeJob) => Iterable<Row>) {
  for (const job of batch) {
    let text = ""
    for (const row of rowsOf(job)) text += `${table.columns.map(({ name }) => field(row[name] as Value)).join("\t")}\n`
    yield text
  }
}

const receiptOf = ({ record }: MadeJob): DatabaseTables.Receipt => ({
  batch_id: record.batchId,
  job_id: record.jobId,
  attachments_revision: "",
  bytes: record.document.size,
  media_rows: 0,
  attachment_rows: 0,
  problem_rows: 0,
  document_kept: 0,
  files_kept: 1
})

export const run: Run<Spec> = async ({ jobs, url }, stopwatch) => {
  const { drop, schema, sink } = postgresSink(url)
  // Makes the tables.
  await Effect.runPromise(Effect.scoped(sink.open))
  const client = new Client(url)
  await client.connect()
  const copy = <Row>(
    name: string,
    table: Table.Table<Row>,
    batch: ReadonlyArray<MadeJob>,
    rowsOf: (job: MadeJob) => Iterable<Row>
  ) => {
    const columns = table.columns.map(({ name }) => `"${name}"`).join(", ")
    return pipeline(
      lines(batch, table, rowsOf),
      client.query(from(`COPY ${schema}.${name} (${columns}) FROM STDIN`))
    )
  }
  for (const batch of batches(jobs, sink.capabilities.batch.maxRecords)) {
    await stopwatch.run(async () => {
      await client.query("BEGIN")
      await copy("annotations", annotations, batch, ({ rows }) => rows)
      await copy("jobs", jobTable, batch, ({ record, rows }) => [TableRows.jobRow(record, rows.length)])
      await copy("receipts", receipts, batch, (job) => [receiptOf(job)])
      await client.query("COMMIT")
    })
  }
  await client.end()
  await Effect.runPromise(drop)
  return { rows: jobs * rowsPerJob }
}
