/** Queries to try on what an example has exported, run here so that their results can be shown. */
import { DuckDBInstance } from "@duckdb/node-api"
import Database from "better-sqlite3"
import { relative } from "node:path"

const show = (how: string, rows: ReadonlyArray<Readonly<Record<string, unknown>>>): string => {
  const lines = rows.map((row) =>
    `  ${Object.values(row).map((value) => String(value).padEnd(16)).join(" ").trimEnd()}`
  )
  return ["Try it:", `  ${how}`, "", ...(lines.length === 0 ? ["  (no annotations yet)"] : lines)].join("\n")
}

/** The most common labels of a SQLite file. */
export const queryDatabase = (file: string): string => {
  const query = "SELECT label, type, count(*) FROM annotations GROUP BY label, type ORDER BY 3 DESC, 1 LIMIT 5"
  const database = new Database(file, { readonly: true })
  try {
    return show(
      `sqlite3 ${relative(process.cwd(), file)} "${query}"`,
      database.prepare(query).all() as Array<object & Record<string, unknown>>
    )
  } finally {
    database.close()
  }
}

/** The most common labels of a Parquet dataset. */
export const queryDataset = async (directory: string): Promise<string> => {
  const files = `${relative(process.cwd(), directory)}/annotations/**/*.parquet`.replaceAll("'", "''")
  const query = `SELECT label, type, count(*) FROM '${files}' GROUP BY ALL ORDER BY 3 DESC, 1 LIMIT 5`
  const connection = await (await DuckDBInstance.create()).connect()
  try {
    return show(`duckdb -c "${query}"`, (await connection.runAndReadAll(query)).getRowObjects())
  } finally {
    connection.closeSync()
  }
}
