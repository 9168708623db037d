/** One row per export: its request, its run, whether it is to stop, and how it ended. */
import { Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { nowIn } from "./databaseTime.ts"
import { rowsOf } from "./ledgerDriver.ts"
import { fromColumn, toColumn } from "./text.ts"

type Int = number | bigint

/** The record of an export. Times are the database's, in milliseconds since 1970. */
export interface ExportRow {
  /** Its key and its generation. */
  readonly id: string
  readonly key: string
  /** Counts the exports of one key from 1. */
  readonly generation: number
  /** The request as JSON; no secret in it. */
  readonly request: string
  /** Its run in the ledger; null until it has begun. */
  readonly run: number | null
  /**
   * - `running`: submitted and not ended
   * - `completed`, `stopped`, `aborted`: as a run of the ledger ends
   */
  readonly state: "running" | "completed" | "stopped" | "aborted"
  readonly stopRequested: boolean
  readonly submittedAt: number
  readonly endedAt: number | null
  /** When the row was read. */
  readonly now: number
  /** The report at its end, as JSON. */
  readonly report: string | null
  /** Why it was aborted, for people. */
  readonly error: string | null
  /** What it waits for while it runs, for people; null if nothing is known. */
  readonly waitsFor: string | null
}

interface Row {
  readonly id: string
  readonly export_key: string
  readonly generation: number
  readonly request: string
  readonly run: Int | null
  readonly state: ExportRow["state"]
  readonly stop_requested: number
  readonly submitted_at: Int
  readonly ended_at: Int | null
  readonly now: Int
  readonly report: string | null
  readonly error: string | null
  readonly waits_for: string | null
}

const toExport = (row: Row): ExportRow => ({
  id: fromColumn(row.id),
  key: fromColumn(row.export_key),
  generation: row.generation,
  request: fromColumn(row.request),
  run: row.run === null ? null : Number(row.run),
  state: row.state,
  stopRequested: row.stop_requested === 1,
  submittedAt: Number(row.submitted_at),
  endedAt: row.ended_at === null ? null : Number(row.ended_at),
  now: Number(row.now),
  report: fromColumn(row.report),
  error: fromColumn(row.error),
  waitsFor: fromColumn(row.waits_for)
})

/** How an export ends. */
export interface ExportEnd {
  readonly state: "completed" | "stopped" | "aborted"
  /** JSON. */
  readonly report: string | null
  /** For people; no secret in it. */
  readonly error: string | null
  /** The end of its run in the ledger; null leaves the run without an end. */
  readonly runEnd: Ledger.RunEnd | null
}

const unknown = (id: string) =>
  new Ledger.LedgerError({ reason: "unavailable", detail: `There is no export ${id} in the cluster's database.` })

// Rows of jobs that one transaction deletes: other writers wait for about 20 ms, not for all rows.
const forgottenAtOnce = 5000

export const make = (sql: SqlClient.SqlClient) => {
  const now = nowIn(sql)
  const columns =
    sql`id, export_key, generation, request, run, state, stop_requested, submitted_at, ended_at, report, error,
    waits_for, ${now} AS now`
  // Writers of PostgreSQL lock rows; SQLite has one writer.
  const forUpdate = sql.onDialectOrElse({ pg: () => sql.literal("FOR UPDATE"), orElse: () => sql.literal("") })

  const running = (key: string) =>
    Effect.map(
      sql<Row>`SELECT ${columns} FROM labelstream_exports WHERE export_key = ${toColumn(key)} AND state = 'running'`,
      ([row]) => row && toExport(row)
    )

  const find = (id: string): Effect.Effect<ExportRow | undefined, SqlError> =>
    Effect.map(
      sql<Row>`SELECT ${columns} FROM labelstream_exports WHERE id = ${toColumn(id)}`,
      ([row]) => row && toExport(row)
    )

  /** Returns undefined if another process was first: the next read finds its export. */
  const register = (key: string, request: string) =>
    Effect.map(
      sql<Row>`INSERT INTO labelstream_exports (id, export_key, generation, request, state, submitted_at)
        SELECT v.export_key || '-' || (n.last + 1), v.export_key, n.last + 1, v.request, 'running', ${now}
        FROM ${rowsOf(sql, { export_key: "text", request: "text" }, [{ export_key: key, request }])}
        CROSS JOIN (SELECT coalesce(max(generation), 0) AS last FROM labelstream_exports
          WHERE export_key = ${toColumn(key)}) n
        WHERE true ON CONFLICT DO NOTHING RETURNING ${columns}`,
      ([row]) => row && toExport(row)
    )

  return {
    find,
    submit: Effect.fnUntraced(function*(key: string, request: string) {
      for (;;) {
        const row = yield* running(key)
        if (row !== undefined) return { row, isNew: false }
        const made = yield* register(key, request)
        if (made !== undefined) return { row: made, isNew: true }
      }
    }),
    list: (limit: number): Effect.Effect<ReadonlyArray<ExportRow>, SqlError> =>
      Effect.map(
        sql<Row>`SELECT ${columns} FROM labelstream_exports ORDER BY submitted_at DESC, id DESC LIMIT ${limit}`,
        (rows) => rows.map(toExport)
      ),
    requestStop: (id: string): Effect.Effect<boolean, SqlError> =>
      Effect.map(
        sql`UPDATE labelstream_exports SET stop_requested = 1 WHERE id = ${toColumn(id)} AND state = 'running'
          RETURNING id`,
        (rows) => rows.length > 0
      ),
    stopping: (ids: ReadonlyArray<string>): Effect.Effect<ReadonlySet<string>, SqlError> =>
      ids.length === 0 ? Effect.succeed(new Set()) : Effect.map(
        sql<{ id: string }>`SELECT e.id FROM ${rowsOf(sql, { id: "text" }, ids.map((id) => ({ id })))}
          CROSS JOIN labelstream_exports e WHERE e.id = v.id AND e.stop_requested = 1 AND e.state = 'running'`,
        (rows) => new Set(rows.map(({ id }) => fromColumn(id)))
      ),
    waitFor: (id: string, what: string | null): Effect.Effect<void, SqlError> =>
      Effect.asVoid(sql`UPDATE labelstream_exports SET waits_for = ${toColumn(what)} WHERE id = ${toColumn(id)}`),
    /** Returns the run of an export; `begin` makes one if there is none. */
    begin: Effect.fnUntraced(function*(id: string, begin: Effect.Effect<number, SqlError>) {
      const [row] = yield* sql<{ run: Int | null }>`SELECT run FROM labelstream_exports WHERE id = ${toColumn(id)}
        ${forUpdate}`
      if (row === undefined) return yield* unknown(id)
      const run = row.run === null ? yield* begin : Number(row.run)
      if (row.run === null) yield* sql`UPDATE labelstream_exports SET run = ${run} WHERE id = ${toColumn(id)}`
      const [begun] = yield* sql<{ started_at: Int }>`SELECT started_at FROM labelstream_runs WHERE id = ${run}`
      return { run, startedAt: Number(begun?.started_at) }
    }),
    /** Ends an export. Returns its run and the time, or undefined if it has no run or had ended before. */
    end: Effect.fnUntraced(function*(id: string, end: ExportEnd) {
      const [row] = yield* sql<{ run: Int | null; ended_at: Int }>`UPDATE labelstream_exports SET state = ${end.state},
        ended_at = ${now}, report = ${toColumn(end.report)}, error = ${toColumn(end.error)},
        waits_for = NULL
        WHERE id = ${toColumn(id)} AND state = 'running' RETURNING run, ended_at`
      if (row === undefined && (yield* find(id)) === undefined) return yield* unknown(id)
      return row === undefined || row.run === null
        ? undefined
        : { run: Number(row.run), at: Number(row.ended_at) }
    }),
    /** Finds an ended run whose rows of jobs still exist. */
    forgettable: Effect.map(
      sql<{ run: Int }>`SELECT run FROM labelstream_exports
        WHERE forgotten = 0 AND state <> 'running' AND run IS NOT NULL LIMIT 1`,
      ([row]) => row && Number(row.run)
    ),
    /** Deletes some of a run's rows. Returns whether these were all. */
    forget: Effect.fnUntraced(function*(run: number) {
      const gone = yield* sql`DELETE FROM labelstream_run_jobs WHERE run = ${run} AND job IN
        (SELECT job FROM labelstream_run_jobs WHERE run = ${run} ORDER BY job
          LIMIT ${sql.literal(String(forgottenAtOnce))}) RETURNING job`
      if (gone.length === forgottenAtOnce) return false
      yield* sql`DELETE FROM labelstream_run_slices WHERE run = ${run}`
      yield* sql`DELETE FROM labelstream_run_stored WHERE run = ${run}`
      yield* sql`DELETE FROM labelstream_run_leases WHERE run = ${run}`
      yield* sql`DELETE FROM labelstream_run_batches WHERE run = ${run}`
      yield* sql`UPDATE labelstream_exports SET forgotten = 1 WHERE run = ${run}`
      return true
    })
  }
}
