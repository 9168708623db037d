/** Runs SQL on what an export has written, in both dialects, with rows that compare: integers are numbers. */
import { DuckDBInstance } from "@duckdb/node-api"
import Database from "better-sqlite3"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"

export type Rows = ReadonlyArray<ReadonlyArray<unknown>>

/** Runs a query on a database file. */
export const inSqlite = (file: string, sql: string): Rows => {
  const database = new Database(file, { readonly: true })
  try {
    return database.prepare(sql).raw().all() as ReadonlyArray<unknown> as Rows
  } finally {
    database.close()
  }
}

/** Runs a query on the views of the folder `dataset`, as the page says for programs in the folder that holds it. */
export const inDuckdb = (folder: string, sql: string) =>
  Effect.promise(async (): Promise<Rows> => {
    const connection = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect()
    const dataset = join(folder, "dataset")
    try {
      await connection.run(`SET file_search_path = '${dataset}'`)
      await connection.run(readFileSync(join(dataset, "_views.sql"), "utf8"))
      const rows = (await connection.runAndReadAll(sql)).getRowsJS()
      return rows.map((row) => row.map((value) => typeof value === "bigint" ? Number(value) : value))
    } finally {
      connection.closeSync()
    }
  })
