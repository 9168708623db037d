/** The annotation rows into one Parquet file by DuckDB: its appender, then COPY, on one thread. */
import { DuckDBInstance } from "@duckdb/node-api"
import { ParquetSink } from "@labelstream/sink-parquet"
import { join } from "node:path"
import type { Run } from "../harness/client.ts"
import { batches, columns, rowsPerJob } from "../support/rows.ts"

const types = {
  text: "VARCHAR",
  json: "VARCHAR",
  int32: "INTEGER",
  int64: "BIGINT",
  double: "DOUBLE",
  boolean: "BOOLEAN",
  bytes: "BLOB"
}

export const run: Run<{ readonly folder: string; readonly jobs: number }> = async ({ folder, jobs }, stopwatch) => {
  const connection = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect()
  await connection.run(`CREATE TABLE t (${columns.map(({ name, type }) => `"${name}" ${types[type]}`).join(", ")})`)
  const appender = await connection.createAppender("t")
  for (const batch of batches(jobs, ParquetSink.capabilities.batch.maxRecords)) {
    await stopwatch.run(() => {
      for (const { rows } of batch) {
        for (const row of rows) {
          for (const { name, type } of columns) {
            const value = row[name]
            if (value === null) appender.appendNull()
            else if (type === "int32") appender.appendInteger(value as number)
            else if (type === "boolean") appender.appendBoolean(value as boolean)
            else if (type === "double") appender.appendDouble(value as number)
            else appender.appendVarchar(value as string)
          }
          appender.endRow()
        }
      }
    })
  }
  await stopwatch.run(async () => {
    appender.closeSync()
    const file = join(folder, "duckdb.parquet")
    await connection.run(`COPY t TO '${file}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 50000)`)
    connection.closeSync()
  })
  return { rows: jobs * rowsPerJob }
}
