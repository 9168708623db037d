import { PostgresSink } from "@labelstream/sink-postgres"
import * as Redacted from "effect/Redacted"
import { startPostgres } from "../scripts/testPostgres.ts"
import { exportMain } from "./support/exportMain.ts"
import { queryPostgres } from "./support/queries.ts"

const given = process.env[PostgresSink.urlVariable]
const server = given === undefined ? await startPostgres() : undefined
if (server !== undefined) console.log(`No ${PostgresSink.urlVariable}: a PostgreSQL server is started for this run`)
const url = Redacted.make(given ?? server?.url ?? "")

await exportMain(
  // A server for one run does not sync: nothing of it stays.
  () => [PostgresSink.make({ url, durability: server === undefined ? "fsync" : "process" })],
  () => queryPostgres(url)
)
await server?.stop()
