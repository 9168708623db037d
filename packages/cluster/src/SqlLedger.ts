/**
 * The ledger for many writers: in the database of the cluster, PostgreSQL or a SQLite file that several processes of one
 * machine have open. Concurrent calls wait for each other, or are retried; none is lost, and none is seen in part.
 */
import { Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { fromPrograms, programs } from "./internal/ledger.ts"
import { migrate } from "./internal/schema.ts"

/**
 * Makes the ledger on a `SqlClient`, and its tables if they are missing. Any number of processes may have it open: it never
 * fails with `locked`. Fails with `newer` if a newer version of this software has written there.
 *
 * Every call is one transaction, and is durable when it returns, as far as the database is set to be. A call that conflicts
 * with another writer is retried for about 3 seconds before it fails with `unavailable`.
 */
export const make: Effect.Effect<Ledger.Ledger["Service"], Ledger.LedgerError, SqlClient.SqlClient> = Effect.gen(
  function*() {
    yield* migrate
    const sql = yield* SqlClient.SqlClient
    return fromPrograms(sql, programs(sql))
  }
)

/** Provides the ledger. */
export const layer: Layer.Layer<Ledger.Ledger, Ledger.LedgerError, SqlClient.SqlClient> = Layer.effect(
  Ledger.Ledger,
  make
)
