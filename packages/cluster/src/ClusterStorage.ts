/**
 * The database that the runners of a cluster share, from its URL: a PostgreSQL server, or a SQLite file for several
 * processes of one machine. The URL holds a password, so it is redacted, and messages show only its host, port, and database.
 */
import { Ledger } from "@labelstream/core"
import { PostgresUrl } from "@labelstream/storage"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { resolve } from "node:path"
import { endpointOf, socketTo } from "./internal/postgresSocket.ts"
import { toLedgerError } from "./internal/statements.ts"
import * as SqliteClient from "./SqliteClient.ts"

/** How a runner uses the database. */
export interface Options {
  /**
   * Most connections of this process to a PostgreSQL server. Default: 10. One is kept for the locks of the cluster.
   * The server needs as many for each runner. SQLite has one.
   */
  readonly maxConnections?: number
  /**
   * Longest time for one statement on a PostgreSQL server. Default: 25 seconds. 3 seconds later, this process drops a
   * silent connection.
   */
  readonly patience?: Duration.Input
}

/** The place of a database. `name` is for people. */
type Place =
  | { readonly _tag: "Postgres"; readonly name: string }
  | { readonly _tag: "Sqlite"; readonly name: string; readonly file: string }

const unusable = (detail: string) => new Ledger.LedgerError({ reason: "unavailable", detail })

const forms = `give ${PostgresUrl.form} or sqlite:FILE`

// The message does not repeat what cannot be read: it may be a password that was not encoded.
const parse = (url: Redacted.Redacted): Effect.Effect<Place, Ledger.LedgerError> => {
  const text = Redacted.value(url)
  if (text.startsWith("sqlite:")) {
    const file = text.slice("sqlite:".length).replace(/^\/\/(?=\/)/, "")
    if (file === "" || file.startsWith("//")) {
      return Effect.fail(unusable(`The database's URL names no file: ${forms}.`))
    }
    return Effect.succeed({ _tag: "Sqlite", file: resolve(file), name: `SQLite file ${resolve(file)}` })
  }
  if (!/^postgres(ql)?:\/\//.test(text)) {
    return Effect.fail(unusable(`The database's URL has an unknown scheme: ${forms}.`))
  }
  const place = PostgresUrl.placeOf(url)
  if (place === undefined) {
    const hint = "Characters of the password that are not letters or digits are written as %XX"
    return Effect.fail(unusable(`The database's URL cannot be read: ${forms}. ${hint}.`))
  }
  return Effect.succeed({ _tag: "Postgres", name: PostgresUrl.describe(place) })
}

/** Names a database for people: its kind and place, without the secrets of the URL. */
export const describe = (url: Redacted.Redacted): Effect.Effect<string, Ledger.LedgerError> =>
  Effect.map(parse(url), ({ name }) => name)

/** Whether a database is on this machine: a SQLite file, or a PostgreSQL server at a socket or a loopback address. */
export const isLocal = (url: Redacted.Redacted): Effect.Effect<boolean, Ledger.LedgerError> =>
  Effect.map(parse(url), ({ _tag }) => {
    const host = _tag === "Sqlite" ? undefined : endpointOf(url)?.host
    return host === undefined || host === "localhost" || host === "::1" || /^127\.[\d.]+$/.test(host)
  })

const opening = (place: Place) => (error: SqlError) =>
  toLedgerError(error).pipe(
    Effect.mapError(({ detail, reason }) =>
      new Ledger.LedgerError({ reason, detail: `${place.name}: ${detail}`, cause: error.reason })
    ),
    Effect.catchDefect(() =>
      Effect.fail(
        new Ledger.LedgerError({
          reason: "unavailable",
          detail: place._tag === "Sqlite"
            ? `${place.file} cannot be opened: see that its folder exists and may be used.`
            : `${place.name} cannot be used as the cluster's database: ${error.message}.`,
          cause: error.reason
        })
      )
    )
  )

// Every wait of a runner for the server ends. A transaction of a runner that is frozen or cut off ends before others take
// over its work after 15 seconds.
const limits = (patience: Duration.Duration) => ({
  statement_timeout: String(Duration.toMillis(patience)),
  lock_timeout: String(Math.min(15_000, Duration.toMillis(patience))),
  idle_in_transaction_session_timeout: "10000"
})

const postgres = (url: Redacted.Redacted, options: Options) =>
  Layer.unwrap(Effect.map(
    // Loaded when it is needed: a process with a SQLite file does not wait for it.
    Effect.promise(() => import("@effect/sql-pg/PgClient")),
    (PgClient) => {
      const patience = Duration.fromInputUnsafe(options.patience ?? "25 seconds")
      const stream = socketTo(url, Duration.sum(patience, Duration.seconds(3)))
      return PgClient.layer({
        url,
        maxConnections: options.maxConnections ?? 10,
        applicationName: "labelstream",
        startupParameters: limits(patience),
        ...(stream === undefined ? {} : { stream })
      })
    }
  ))

/**
 * Provides a client for the database at the URL, and checks that the database responds. Closed with the layer.
 *
 * Fails with `unavailable` for a URL that cannot be read, a server that does not respond or refuses the password, and a
 * file that cannot be opened; with `damaged` for a file that is no database. A statement on a PostgreSQL server may wait
 * 15 seconds for a lock.
 */
export const layer = (
  url: Redacted.Redacted,
  options: Options = {}
): Layer.Layer<SqlClient.SqlClient, Ledger.LedgerError> =>
  Layer.unwrap(Effect.map(parse(url), (place) => {
    const client: Layer.Layer<SqlClient.SqlClient, SqlError> = place._tag === "Sqlite"
      ? SqliteClient.layer({ file: place.file })
      : postgres(url, options)
    const answering = Layer.effect(
      SqlClient.SqlClient,
      SqlClient.SqlClient.use((sql) => Effect.as(sql`SELECT 1`, sql))
    )
    return answering.pipe(
      Layer.provide(client),
      Layer.catchTag("SqlError", (error) => Layer.effect(SqlClient.SqlClient, opening(place)(error)))
    )
  }))
