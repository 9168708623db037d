/** The readers that people use, on a dataset. */
import * as Effect from "effect/Effect"
import { parquetReadObjects } from "hyparquet"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { decompressors } from "../../src/internal/part/codec.ts"
import { connect } from "./duckdb.ts"

export type Table = "jobs" | "annotations" | "media" | "attachments" | "contents"

/** What DuckDB answers to a query; `{table}` stands for all parts of a table. */
export const query = (directory: string, sql: string): Effect.Effect<ReadonlyArray<ReadonlyArray<unknown>>> =>
  Effect.promise(async () => {
    const text = sql.replaceAll(
      /\{(\w+)\}/g,
      (_, table: string) =>
        `read_parquet('${directory}/${table}/**/*.parquet', hive_partitioning = true, hive_types_autocast = false)`
    )
    return (await (await connect()).runAndReadAll(text)).getRows()
  })

/** Files of a table's parts, in order. */
export const parts = (directory: string, table: Table): ReadonlyArray<string> =>
  readdirSync(join(directory, table), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(".parquet"))
    .sort()
    .map((name) => join(directory, table, name))

/** All rows of a table as hyparquet reads them; JSON as its text. */
export const rowsOf = (directory: string, table: Table): Effect.Effect<ReadonlyArray<Record<string, unknown>>> =>
  Effect.promise(async () => {
    const rows: Array<Record<string, unknown>> = []
    for (const path of parts(directory, table)) {
      const bytes = readFileSync(path)
      const found = await parquetReadObjects({
        file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
        compressors: decompressors,
        utf8: false,
        parsers: { jsonFromBytes: textOf, stringFromBytes: textOf }
      })
      rows.push(...found)
    }
    return rows
  })

/** The reader's own default drops a byte order mark. */
const textOf = (bytes: Uint8Array | undefined) => bytes && new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)
