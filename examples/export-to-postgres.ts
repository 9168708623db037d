// Stores 100 simulated jobs in PostgreSQL and queries them. Without LABELSTREAM_POSTGRES_URL it starts a server for this run.
import * as PgConnection from "@effect/sql-pg/PgConnection"
import { PostgresSink } from "@labelstream/sink-postgres"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { startPostgres } from "../scripts/testPostgres.ts"
import { exportSimulated } from "./support/simulated.ts"

const given = process.env[PostgresSink.urlVariable]
const server = given === undefined ? await startPostgres() : undefined
if (server !== undefined) {
  console.log(`No ${PostgresSink.urlVariable}: a PostgreSQL server is started, and ends with this run`)
}
const url = Redacted.make(given ?? server?.url ?? "")
const query = "SELECT * FROM labelstream.labels ORDER BY rows DESC, class LIMIT 5"

await exportSimulated({
  batch: { id: "simulated-tables", jobs: 100, kinds: ["image_annotation"] },
  // A server for one run does not sync: nothing of it stays.
  sink: PostgresSink.make({ url, durability: server === undefined ? "fsync" : "process" }),
  to: "postgres",
  again: "npm run example export-to-postgres",
  next: async () => {
    const found = Effect.flatMap(PgConnection.make({ url }), (db) => db.query(query))
    const { rows } = await Effect.runPromise(Effect.scoped(found))
    const lines = rows.map((row) => Object.values(row).map((value) => String(value).padEnd(16)).join(" ").trimEnd())
    return [`psql "$${PostgresSink.urlVariable}" -c "${query}"`, ...lines].join("\n  ")
  }
})
await server?.stop()
