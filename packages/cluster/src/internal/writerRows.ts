/** Which runner has each branch open, so that an abandoned branch is traced to its runner. */
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { nowIn } from "./databaseTime.ts"
import type { ExportRow } from "./exportRows.ts"
import { rowsOf } from "./ledgerDriver.ts"
import { fromColumn, toColumn } from "./text.ts"

/** A branch by the name of its writer, and the runner that opened it. */
export interface Writer {
  readonly writer: string
  readonly exportId: string
  /** Whether that export is running. */
  readonly isRunning: boolean
  /** The request of that export, as JSON. */
  readonly request: string
  /** The address of the runner, as `HOST:PORT`. */
  readonly runner: string
  /** Whether another process at the runner's address has opened branches since. */
  readonly isReplaced: boolean
}

/** A process that has opened branches, and the address of its runner. */
export interface Process extends Pick<Writer, "runner" | "isReplaced"> {
  readonly process: string
}

export const make = (sql: SqlClient.SqlClient) => ({
  open: (writer: string, exportId: string, runner: string, process: string): Effect.Effect<void, SqlError> =>
    Effect.asVoid(sql`INSERT INTO labelstream_writers (writer, export_id, runner, process, opened)
      VALUES (${writer}, ${toColumn(exportId)}, ${toColumn(runner)}, ${toColumn(process)}, ${nowIn(sql)})
      ON CONFLICT (writer) DO UPDATE SET opened = excluded.opened`),
  find: (writers: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<Writer>, SqlError> =>
    writers.length === 0 ? Effect.succeed([]) : Effect.map(
      sql<{
        readonly writer: string
        readonly export_id: string
        readonly state: ExportRow["state"]
        readonly request: string
        readonly runner: string
        readonly later: number | bigint
      }>`SELECT w.writer, w.export_id, e.state, e.request, w.runner, (SELECT count(*) FROM labelstream_writers l
          WHERE l.runner = w.runner AND l.process <> w.process AND l.opened > w.opened) AS later
        FROM ${rowsOf(sql, { writer: "text" }, writers.map((writer) => ({ writer })))}
        CROSS JOIN labelstream_writers w CROSS JOIN labelstream_exports e
        WHERE w.writer = v.writer AND e.id = w.export_id`,
      (rows) =>
        rows.map((row) => ({
          writer: fromColumn(row.writer),
          exportId: fromColumn(row.export_id),
          isRunning: row.state === "running",
          request: fromColumn(row.request),
          runner: fromColumn(row.runner),
          isReplaced: Number(row.later) > 0
        }))
    ),
  processes: Effect.map(
    sql<{ readonly runner: string; readonly process: string; readonly opened: number | bigint }>`SELECT runner, process,
      max(opened) AS opened FROM labelstream_writers GROUP BY runner, process`,
    (rows) => {
      const latest = new Map<string, number>()
      for (const { opened, runner } of rows) latest.set(runner, Math.max(latest.get(runner) ?? 0, Number(opened)))
      return rows.map(({ opened, process, runner }): Process => ({
        runner: fromColumn(runner),
        process: fromColumn(process),
        isReplaced: Number(opened) < (latest.get(runner) ?? 0)
      }))
    }
  )
})
