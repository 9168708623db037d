/**
 * Turns at a shared limit, as one row of the database: when the next turn is, and until when nobody may go. Each call is
 * one statement. Only spans of time go out, so that clocks of runners need not agree.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"
import { toColumn } from "./text.ts"

/** Turns that one runner has to itself, and what it hears with them. In milliseconds from now. */
export interface Lease {
  /** When the first one is; the others follow an interval apart. */
  readonly delay: number
  readonly turns: number
  /** For how long nobody may go. */
  readonly paused: number
}

export const make = (sql: SqlClient.SqlClient, name: string, interval: number) => {
  // One machine has one clock; the runners of several go by the server's.
  const withNow = <A>(f: (now: Fragment) => Effect.Effect<A, SqlError>): Effect.Effect<A, SqlError> =>
    sql.onDialectOrElse({
      pg: () => f(sql.literal("(extract(epoch FROM clock_timestamp()) * 1000)::double precision")),
      orElse: () => Effect.flatMap(Clock.currentTimeMillis, (now) => f(sql.literal(String(now))))
    })
  const later = sql.literal(sql.onDialectOrElse({ pg: () => "greatest", orElse: () => "max" }))
  const key = toColumn(name)
  const millis = (value: number) => sql.literal(String(Math.round(value * 1000) / 1000))

  return {
    /** The next turns; undefined where they would come only after `longest` milliseconds, and then none is taken. */
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
    /** Lets nobody go for so long, or longer where that is known. */
    pause: (span: number): Effect.Effect<void, SqlError> =>
      Effect.asVoid(withNow((now) =>
        sql`INSERT INTO labelstream_limits AS l (name, next_at, paused_until)
          VALUES (${key}, ${now}, ${now} + ${millis(span)})
          ON CONFLICT (name) DO UPDATE SET paused_until = ${later}(l.paused_until, excluded.paused_until)`
      )),
    /** For how long nobody may go. */
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
