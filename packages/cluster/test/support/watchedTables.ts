/** Tables of PostgreSQL that record which process wrote each job, and those that one process makes of the same batches. */
import { assert } from "@effect/vitest"
import { DatabaseTables } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { administer, newName } from "./databases.ts"
import { postgresSink } from "./sinks.ts"

export const watchedTables = Effect.gen(function*() {
  const [schema, single] = [newName(), newName()]
  yield* Effect.scoped(postgresSink(schema).open)
  yield* administer(
    `ALTER TABLE ${schema}.jobs ADD COLUMN writer text DEFAULT current_setting('labelstream.writer', true)`
  )
  const writers = Effect.map(
    administer(`SELECT DISTINCT writer FROM ${schema}.jobs`),
    (rows) => new Set(rows.map((row) => Number(row["writer"])))
  )
  return {
    target: `postgres:${schema}`,
    /** For the one process. */
    other: postgresSink(single),
    /** Done when each of these processes has stored jobs. */
    writtenBy: (pids: ReadonlyArray<number | undefined>) =>
      Effect.repeat(writers, {
        schedule: Schedule.spaced("200 millis"),
        until: (found) => pids.every((pid) => pid !== undefined && found.has(pid))
      }),
    areAsOneProcessMakesThem: Effect.gen(function*() {
      for (const [table, { columns }] of Object.entries(DatabaseTables.tables)) {
        const compared = columns.map(({ name }) => name).filter((name) => name !== "load_id").join(", ")
        const rowsOf = (of: string) => `SELECT ${compared} FROM ${of}.${table}`
        for (const [one, other] of [[schema, single], [single, schema]] as const) {
          const more = yield* administer(`${rowsOf(one)} EXCEPT ALL ${rowsOf(other)}`)
          assert.deepStrictEqual(more, [], `rows of ${table} that one alone has`)
        }
      }
    })
  }
})
