/** Databases for tests: a new SQLite file, or a new database of the server that the test run has started. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { randomUUID } from "node:crypto"
import { join } from "node:path"
import { inject } from "vitest"
import { ClusterStorage } from "../../src/index.ts"
import { temporaryFolder } from "./folders.ts"

/** URL of a new SQLite file that goes with the scope. */
export const sqliteUrl = Effect.map(temporaryFolder, (folder) => Redacted.make(`sqlite:${join(folder, "cluster.db")}`))

const server = inject("postgres")

/** Runs one statement outside of the databases of tests. */
const administer = (statement: string) =>
  SqlClient.SqlClient.use((sql) => sql.unsafe(statement).unprepared).pipe(
    Effect.provide(ClusterStorage.layer(Redacted.make(server ?? ""), { maxConnections: 1 }), { local: true })
  )

/** URL of a new database on the test run's PostgreSQL that goes with the scope. */
export const postgresUrl = Effect.gen(function*() {
  const name = `test_${randomUUID().replaceAll("-", "")}`
  yield* Effect.acquireRelease(
    administer(`CREATE DATABASE ${name}`),
    () => Effect.orDie(administer(`DROP DATABASE ${name} WITH (FORCE)`))
  )
  const url = new URL(server ?? "")
  url.pathname = name
  return Redacted.make(url.href)
})

/** A kind of database to run tests on. */
export interface Kind {
  readonly name: string
  readonly url: typeof sqliteUrl | typeof postgresUrl
}

/** The kinds that this machine has: a test run says so when PostgreSQL is not among them. */
export const kinds: ReadonlyArray<Kind> = [
  { name: "SQLite", url: sqliteUrl },
  ...(server === null ? [] : [{ name: "PostgreSQL", url: postgresUrl }])
]

/** A client for a new database that goes with the layer. */
export const fresh = ({ url }: Kind) => Layer.unwrap(Effect.map(url, (url) => ClusterStorage.layer(url)))
