/**
 * Leases on the slices of a run. Each has a number that is greater than every earlier one, whatever clocks say: what is
 * recorded under a lease does not replace what was recorded under a later one. A runner that was frozen, or cut off from
 * the database, and then returns still has its earlier lease.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as DatabaseTime from "./databaseTime.ts"

type Int = number | bigint

/** The right to work on a slice, until another one is given. */
export interface Lease {
  readonly slice: number
  /** About the microseconds since 1970 by the database's time: those of two databases are in order too, as far as clocks are. */
  readonly number: number
  /** The time of the database less that of this process, in milliseconds. */
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
    /** Whether no later lease on the same slice was given. Where one is given meanwhile, it waits for this transaction. */
    isLatest: (run: number, { number, slice }: Lease): Effect.Effect<boolean, SqlError> =>
      Effect.map(
        sql`UPDATE labelstream_run_leases SET lease = lease
          WHERE run = ${run} AND slice = ${slice} AND lease = ${number} RETURNING lease`,
        (rows) => rows.length > 0
      )
  }
}
