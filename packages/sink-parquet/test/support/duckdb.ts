/** DuckDB as people run it, in memory. */
import type { DuckDBConnection } from "@duckdb/node-api"

let connection: Promise<DuckDBConnection> | undefined

const open = async () => {
  // Processes that only write do not need it.
  const { DuckDBInstance } = await import("@duckdb/node-api")
  const opened = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect()
  await opened.run("SET enable_external_file_cache = false")
  return opened
}

/** One connection for all questions, since an instance takes longer to make than most take; it keeps nothing of files. */
export const connect = (): Promise<DuckDBConnection> => connection ??= open()
