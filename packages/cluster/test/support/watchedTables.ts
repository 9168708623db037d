/** Tables of PostgreSQL that all runners of a cluster write to, and how they must look afterwards. */
import { assert } from "@effect/vitest"
import { DatabaseTables } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import { inject } from "vitest"
import { administer, newName } from "./databases.ts"
import { postgresSink } from "./sinks.ts"

/** A schema of PostgreSQL that records which process wrote each job, and another one for what one process stores. */
export const watchedTables = Effect.gen(function*() {
  if (inject("postgres") === null) return { targets: [], others: [], hold: () => Effect.void }
  const [schema, single] = [newName(), newName()]
  yield* Effect.scoped(postgresSink(schema).open)
  yield* administer(`ALTER TABLE ${schema}.jobs ADD COLUMN writer text DEFAULT current_setting('labelstream.writer')`)
  return {
    targets: [`postgres:${schema}`],
    others: [postgresSink(single)],
    /** All these processes wrote jobs themselves, and the tables are those that one process makes. */
    hold: Effect.fnUntraced(function*(writers: ReadonlyArray<number | undefined>) {
      const found = yield* administer(`SELECT DISTINCT writer FROM ${schema}.jobs`)
      const wrote = found.map((row) => Number(row["writer"]))
      for (const writer of writers) assert.include(wrote, writer)
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
