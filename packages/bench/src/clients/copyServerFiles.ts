/** The same rows into the same tables of PostgreSQL by COPY alone, from files that the server reads itself. */
import * as PgConnection from "@effect/sql-pg/PgConnection"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Run } from "../harness/client.ts"
import { postgresSink, storeAll } from "../support/intoSink.ts"
import { rowsPerJob } from "../support/rows.ts"

interface Spec {
  readonly folder: string
  readonly jobs: number
  readonly url: string
}

const tables = ["annotations", "jobs", "receipts"]

export const run: Run<Spec> = async ({ jobs, url }, stopwatch) => {
  const [from, to] = [postgresSink(url), postgresSink(url)]
  await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    yield* storeAll(from.sink, jobs, (work) => work)
    yield* Effect.scoped(to.sink.open)
    const db = yield* PgConnection.make({ url: Redacted.make(url) })
    const [data] = (yield* db.query("SHOW data_directory")).rows
    const fileOf = (table: string) => `${String(data?.["data_directory"])}/${from.schema}-${table}`
    for (const table of tables) yield* db.query(`COPY ${from.schema}.${table} TO '${fileOf(table)}'`)
    yield* db.query("CHECKPOINT")
    const copied = Effect.forEach(tables, (table) => db.query(`COPY ${to.schema}.${table} FROM '${fileOf(table)}'`))
    yield* Effect.promise(() => stopwatch.run(() => Effect.runPromise(copied)))
    yield* from.drop
    yield* to.drop
  })))
  return { rows: jobs * rowsPerJob }
}
