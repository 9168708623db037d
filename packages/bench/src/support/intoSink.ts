/** Stores made rows in a sink, batch by batch as the engine would hand them over. */
import * as PgConnection from "@effect/sql-pg/PgConnection"
import type { JobSink } from "@labelstream/core"
import { PostgresSink } from "@labelstream/sink-postgres"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { randomUUID } from "node:crypto"
import { batches } from "./rows.ts"

/**
 * A new schema of a server, and the sink that writes to it. Rows only: the opponents keep no documents either. `drop` removes
 * the schema, whose tables the server would otherwise maintain while the next contestant runs.
 */
export const postgresSink = (url: string) => {
  const schema = `bench_${randomUUID().replaceAll("-", "")}`
  return {
    schema,
    sink: PostgresSink.make({ url: Redacted.make(url), schema, documents: "off", durability: "process" }),
    drop: Effect.scoped(Effect.flatMap(
      PgConnection.make({ url: Redacted.make(url) }),
      (db) => db.query(`DROP SCHEMA ${schema} CASCADE`)
    ))
  }
}

/** Opens a sink and stores the rows of so many jobs. Each step goes through `timed`. */
export const storeAll = Effect.fnUntraced(function*(
  sink: JobSink.JobSink,
  jobs: number,
  timed: <A, E>(work: Effect.Effect<A, E>) => Effect.Effect<A, E>
) {
  const { commit, finish, stage } = yield* sink.open
  let token = 0
  for (const batch of batches(jobs, sink.capabilities.batch.maxRecords)) {
    const records = batch.map(({ record }) => record)
    yield* timed(Effect.andThen(stage(String(token), records), commit(String(token))))
    token++
  }
  yield* timed(finish({ outcome: "completed" }))
})
