/**
 * The time of the database, in milliseconds since 1970. Clocks of machines differ by minutes, so times of two machines are
 * never compared.
 */
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"

/** An expression for the time, within a statement. */
export const nowIn = (sql: SqlClient.SqlClient): Fragment =>
  sql.onDialectOrElse({
    pg: () => sql.literal("CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"),
    orElse: () => sql.literal("CAST(unixepoch('subsec') * 1000 AS INTEGER)")
  })

/** Reads the time. */
export const now = (sql: SqlClient.SqlClient): Effect.Effect<number, SqlError> =>
  Effect.map(sql<{ now: number | bigint }>`SELECT ${nowIn(sql)} AS now`, ([row]) => Number(row?.now))
