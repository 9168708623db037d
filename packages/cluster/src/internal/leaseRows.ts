/**
 * Leases on the slices of a run. The number of a lease is greater than every earlier one, whatever clocks say. A record under
 * a lease never replaces one under a later lease. A runner that was frozen or cut off still has its earlier lease when it
 * returns.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as DatabaseTime from "./databaseTime.ts"

type Int = number | bigint

/** The right to work on a slice, until a later lease is issued. */
export interface Lease {
  readonly slice: number
  /** About microseconds since 1970 by the database's clock, so leases of two databases are ordered as well as their clocks. */
  readonly number: number
  /** Milliseconds by which the database's clock is ahead of this process's. */
  readonly ahead: number
}

export const make = (sql: SqlClient.SqlClient) => {
  const nowInMicros = sql`${DatabaseTime.nowIn(sql)} * 1000`
  return {
    take: Effect.fnUntraced(function*(run: number, slice: number): Effect.fn.Return<Lease, SqlError> {
      const [row] = yield* sql<{ latest: Int; now: Int }>`UPDATE labelstream_lease SET latest =
        CASE WHEN latest < ${nowInMicros} THEN ${nowInMicros} ELSE latest + 1 END
        RETURNING latest, ${DatabaseTime.nowIn(sql)} AS now`
      const ahead = Number(row?.now) - (yield* Clock.currentTimeMillis)
      const number = Number(row?.latest)
      yield* sql`INSERT INTO labelstream_run_leases (run, slice, lease) VALUES (${run}, ${slice}, ${number})
        ON CONFLICT (run, slice) DO UPDATE SET lease = excluded.lease`
      return { slice, number, ahead }
    }),
    /** Whether this is the latest lease on its slice. A later one waits for this transaction. */
    isLatest: (run: number, { number, slice }: Lease): Effect.Effect<boolean, SqlError> =>
      Effect.map(
        sql`UPDATE labelstream_run_leases SET lease = lease
          WHERE run = ${run} AND slice = ${slice} AND lease = ${number} RETURNING lease`,
        (rows) => rows.length > 0
      )
  }
}
