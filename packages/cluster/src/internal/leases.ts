/**
 * Turns at a shared limit, as one row of the database: the time of the next turn, and the end of a pause. Each call is one
 * statement. Calls return spans of time only, so that clocks of runners need not agree.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"
import { toColumn } from "./text.ts"

/** Turns of one runner, and the pause. In milliseconds from now. */
export interface Lease {
  /** The time of the first turn; the others follow at intervals. */
  readonly delay: number
  readonly turns: number
  /** The rest of the pause; 0 or less if there is none. */
  readonly paused: number
}

export const make = (sql: SqlClient.SqlClient, name: string, interval: number) => {
  // One machine has one clock; runners on several machines use the server's.
  const withNow = <A>(f: (now: Fragment) => Effect.Effect<A, SqlError>): Effect.Effect<A, SqlError> =>
    sql.onDialectOrElse({
      pg: () => f(sql.literal("(extract(epoch FROM clock_timestamp()) * 1000)::double precision")),
      orElse: () => Effect.flatMap(Clock.currentTimeMillis, (now) => f(sql.literal(String(now))))
    })
  const later = sql.literal(sql.onDialectOrElse({ pg: () => "greatest", orElse: () => "max" }))
  const key = toColumn(name)
  const millis = (value: number) => sql.literal(String(Math.round(value * 1000) / 1000))

  return {
    /** Takes the next turns, or returns undefined if they would come only after `longest` milliseconds. */
    take: (turns: number, longest: number): Effect.Effect<Lease | undefined, SqlError> =>
      Effect.map(
        withNow((now) =>
          sql<{ delay: number; paused: number }>`INSERT INTO labelstream_limits AS l (name, next_at, paused_until)
            VALUES (${key}, ${now} + ${millis(turns * interval)}, 0)
            ON CONFLICT (name) DO UPDATE
            SET next_at = ${later}(l.next_at, l.paused_until, ${now}) + ${millis(turns * interval)}
            WHERE ${later}(l.next_at, l.paused_until) - ${now} <= ${millis(longest)}
            RETURNING next_at - ${millis(turns * interval)} - ${now} AS delay, paused_until - ${now} AS paused`
        ),
        ([row]) => row && { delay: Math.max(0, row.delay), turns, paused: Math.max(0, row.paused) }
      ),
    /** Pauses all runners for this time, unless a longer pause is known. */
    pause: (span: number): Effect.Effect<void, SqlError> =>
      Effect.asVoid(withNow((now) =>
        sql`INSERT INTO labelstream_limits AS l (name, next_at, paused_until)
          VALUES (${key}, ${now}, ${now} + ${millis(span)})
          ON CONFLICT (name) DO UPDATE SET paused_until = ${later}(l.paused_until, excluded.paused_until)`
      )),
    /** The rest of the pause. */
    paused: Effect.map(
      withNow((now) =>
        sql<{ paused: number }>`SELECT paused_until - ${now} AS paused FROM labelstream_limits
        WHERE name = ${key}`
      ),
      ([row]) => Math.max(0, row?.paused ?? 0)
    )
  }
}

export type Leases = ReturnType<typeof make>
