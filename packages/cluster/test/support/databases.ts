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

/** Runs one statement outside of the databases of tests. Returns its rows. */
export const administer = (statement: string) =>
  SqlClient.SqlClient.use((sql) => sql.unsafe<Readonly<Record<string, unknown>>>(statement).unprepared).pipe(
    Effect.provide(ClusterStorage.layer(Redacted.make(server ?? ""), { maxConnections: 1 }), { local: true })
  )

export const newName = () => `test_${randomUUID().replaceAll("-", "")}`

/** The server's URL for one database, or one schema of the server's own. The server goes with the test run. */
const urlOf = (change: (url: URL) => void) => {
  const url = new URL(server ?? "")
  change(url)
  return Redacted.make(url.href)
}

/** URL of a new database on the test run's PostgreSQL: for what is not kept apart by schemas, such as locks. */
export const postgresDatabaseUrl = Effect.suspend(() => {
  const name = newName()
  return Effect.as(administer(`CREATE DATABASE ${name}`), urlOf((url) => url.pathname = name))
})

/** URL of a new schema on the test run's PostgreSQL: made in a tenth of the time of a database. */
export const postgresUrl = Effect.suspend(() => {
  const name = newName()
  const search = urlOf((url) => url.searchParams.set("options", `-c search_path=${name}`))
  return Effect.as(administer(`CREATE SCHEMA ${name}`), search)
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

/** The kinds for runners: schemas do not separate the locks of runners. */
export const databases: ReadonlyArray<Kind> = kinds.map((kind) =>
  kind.name === "SQLite" ? kind : { ...kind, url: postgresDatabaseUrl }
)

/** A client for a new database that goes with the layer. */
export const fresh = ({ url }: Kind) => Layer.unwrap(Effect.map(url, (url) => ClusterStorage.layer(url)))
