/** Runs the ledger's programs as effects, on a `SqlClient` for SQLite or PostgreSQL. */
import * as LedgerSql from "@labelstream/node/LedgerSql"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"
import { fromColumn, toColumn } from "./text.ts"

const prefix = "labelstream_"

export const dialectOf = (sql: SqlClient.SqlClient): LedgerSql.Dialect =>
  sql.onDialectOrElse({ pg: () => LedgerSql.postgres(prefix), orElse: () => LedgerSql.sqlite(prefix) })

/** A value as it is written: text as `text.ts` says. */
const written = (value: LedgerSql.Value) => typeof value === "string" ? toColumn(value) : value

/** A value as it was given. PostgreSQL's client gives whole numbers of 8 bytes as bigint; none here goes beyond 2^53. */
const given = (value: unknown) =>
  typeof value === "string" ? fromColumn(value) : typeof value === "bigint" ? Number(value) : value as LedgerSql.Value

const toJson = (rows: ReadonlyArray<LedgerSql.Row | LedgerSql.Value>): string =>
  JSON.stringify(rows.map((row) => typeof row === "object" && row !== null ? row.map(written) : written(row)))

/**
 * Rows as a table named `v`, from one parameter: a statement for a page of jobs instead of one for each. `columns` are
 * of this code, never of a user.
 */
export const rowsOf = <Name extends string>(
  sql: SqlClient.SqlClient,
  columns: Readonly<Record<Name, LedgerSql.ColumnType>>,
  rows: ReadonlyArray<Readonly<Record<NoInfer<Name>, LedgerSql.Value>>>
): Fragment => {
  const names = Object.keys(columns) as Array<Name>
  const [only] = names
  const json = toJson(
    rows.map((row) => names.length === 1 && only !== undefined ? row[only] : names.map((name) => row[name]))
  )
  const [before = "", after = ""] = dialectOf(sql).table(columns).split("?")
  return sql`${sql.literal(before)}${json}${sql.literal(`${after} AS v`)}`
}

/** Runs a program; a transaction that it asks for is the one that it is in. */
export type RunProgram = <A>(program: () => LedgerSql.Program<A>) => Effect.Effect<A, SqlError>

export const make = (sql: SqlClient.SqlClient): RunProgram => {
  const dialect = dialectOf(sql)
  const prepared = new Map<LedgerSql.Statement, string>()

  const textOf = (statement: LedgerSql.Statement): string => {
    const text = prepared.get(statement)
      ?? LedgerSql.textOf(statement, dialect, LedgerSql.rowsAsTable(statement, dialect))
    prepared.set(statement, text)
    return text
  }

  const execute = (
    { rows, statement, values }: LedgerSql.Query
  ): Effect.Effect<ReadonlyArray<LedgerSql.Row>, SqlError> =>
    Effect.map(
      sql.unsafe(textOf(statement), [...rows === undefined ? [] : [toJson(rows)], ...values.map(written)]).values,
      (found) => found.map((row) => row.map(given))
    )

  const run: RunProgram = <A>(program: () => LedgerSql.Program<A>) =>
    Effect.gen(function*() {
      const running = program()
      let step = running.next()
      while (step.done !== true) {
        step = running.next("atomic" in step.value ? yield* run(step.value.atomic) : yield* execute(step.value))
      }
      return step.value
    })
  return run
}
