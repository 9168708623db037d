/** The CSV sink for the conformance kit and for processes of it, and DuckDB's reader of CSV for what it stores. */
import { DuckDBInstance } from "@duckdb/node-api"
import { AnnotationModel } from "@labelstream/core/sink"
import type { StoredJob } from "@labelstream/sink-testkit"
import * as Effect from "effect/Effect"
import { readdirSync } from "node:fs"
import * as Csv from "../../sinks/csv.ts"

export const make = (directory: string) => Csv.make({ directory })

/** Asks DuckDB, with only the options that RFC 4180 leaves open; `annotations` stands for the files. */
export const query = async (directory: string, sql: string) => {
  const connection = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect()
  const table = `read_csv('${directory}/*.csv', header = true, delim = ',', quote = '"', escape = '"',
    new_line = '\\r\\n', all_varchar = true, allow_quoted_nulls = false, parallel = false, max_line_size = 10000000)`
  try {
    return (await connection.runAndReadAll(sql.replace("annotations", table))).getRowObjectsJS()
  } finally {
    connection.closeSync()
  }
}

const { columns } = AnnotationModel.tables.annotations
const numbers = new Set<string>(
  columns.flatMap(({ name, type }) => type === "double" || type === "int32" ? [name] : [])
)
/** The client's own decoder drops a byte order mark: text comes as bytes. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/** Jobs by their rows: a job without any has a file that does not name it. */
export const readBack = (directory: string) =>
  Effect.promise(async (): Promise<ReadonlyArray<StoredJob>> => {
    if (!readdirSync(directory).some((name) => name.endsWith(".csv"))) return []
    const select = columns.map(({ name }) => `encode(${name}) AS ${name}`).join(", ")
    const jobs = new Map<string, StoredJob & { rows: Array<AnnotationModel.AnnotationRow> }>()
    const order = "ORDER BY batch_id, job_id, annotation_index::INT"
    for (const found of await query(directory, `SELECT ${select} FROM annotations ${order}`)) {
      const row = Object.fromEntries(
        Object.entries(found).map(([name, bytes]) => {
          const text = bytes === null ? null : decoder.decode(bytes as Uint8Array)
          return [name, text !== null && numbers.has(name) ? Number(text) : text]
        })
      ) as unknown as AnnotationModel.AnnotationRow
      const key = JSON.stringify([row.batch_id, row.job_id])
      const job = jobs.get(key) ?? { batchId: row.batch_id, jobId: row.job_id, rows: [] }
      jobs.set(key, job)
      job.rows.push(row)
    }
    return [...jobs.values()]
  })
