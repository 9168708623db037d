/** A query to try on what an example has exported, run here so that its result can be shown. More are in `docs/recipes/query.md`. */
import { DuckDBInstance } from "@duckdb/node-api"
import * as PgConnection from "@effect/sql-pg/PgConnection"
import Database from "better-sqlite3"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { readFileSync } from "node:fs"
import { join, relative } from "node:path"

const query = "SELECT * FROM labels ORDER BY rows DESC, class LIMIT 5"

const show = (how: string, rows: ReadonlyArray<Readonly<Record<string, unknown>>>): string => {
  const lines = rows.map((row) =>
    `  ${Object.values(row).map((value) => String(value).padEnd(16)).join(" ").trimEnd()}`
  )
  return ["Try it:", `  ${how}`, "", ...(lines.length === 0 ? ["  (no annotations yet)"] : lines)].join("\n")
}

/** A path from here, as a shell takes it. */
const typed = (path: string): string => {
  const from = relative(process.cwd(), path) || "."
  return /^[\w./][\w./-]*$/.test(from) ? from : `'${from.replaceAll("'", "'\\''")}'`
}

/** The most common labels of a SQLite file. */
export const queryDatabase = (file: string): string => {
  const database = new Database(file, { readonly: true })
  try {
    return show(
      `sqlite3 ${typed(file)} "${query}"`,
      database.prepare(query).all() as Array<object & Record<string, unknown>>
    )
  } finally {
    database.close()
  }
}

/** The most common labels of a Parquet dataset. */
export const queryDataset = async (directory: string): Promise<string> => {
  const connection = await (await DuckDBInstance.create()).connect()
  try {
    await connection.run(`SET file_search_path = '${directory.replaceAll("'", "''")}'`)
    await connection.run(readFileSync(join(directory, "_views.sql"), "utf8"))
    const rows = (await connection.runAndReadAll(query)).getRowObjects()
    return show(`(cd ${typed(directory)} && duckdb -init _views.sql -c "${query}")`, rows)
  } finally {
    connection.closeSync()
  }
}

/** The most common labels of a PostgreSQL database. */
export const queryPostgres = async (url: Redacted.Redacted): Promise<string> => {
  const sql = query.replace("labels", "labelstream.labels")
  const asked = Effect.flatMap(PgConnection.make({ url }), (db) => db.query(sql))
  const { rows } = await Effect.runPromise(Effect.scoped(asked))
  return show(`psql "$LABELSTREAM_POSTGRES_URL" -c "${sql}"`, rows)
}
