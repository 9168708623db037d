/** The calls of the ledger, each as one transaction or as reads, on a database whose tables are there. */
import type { Job, Ledger } from "@labelstream/core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as SqlClient from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"
import * as audits from "./ledgerAudit.ts"
import * as reads from "./ledgerReads.ts"
import * as writes from "./ledgerWrites.ts"
import { reading, toLedgerError, transaction } from "./statements.ts"

/** A walk step by step, each when it is asked for; steps without anything are left out. */
export const steps = <A>(
  first: Effect.Effect<reads.Position | undefined, SqlError>,
  walk: (
    at: reads.Position
  ) => Effect.Effect<
    { readonly entries: ReadonlyArray<A>; readonly next: reads.Position | undefined },
    SqlError
  >
): Stream.Stream<ReadonlyArray<A>, Ledger.LedgerError> =>
  Stream.unwrap(Effect.map(
    reading(first),
    (position) =>
      position === undefined ? Stream.empty : Stream.paginate(position, (at) =>
        Effect.map(
          reading(walk(at)),
          ({ entries, next }) => [entries.length === 0 ? [] : [entries], Option.fromUndefinedOr(next)] as const
        ))
  ))

/** The ledger on a database that was brought up to date. */
export const fromSql = (sql: SqlClient.SqlClient): Ledger.Ledger["Service"] => {
  const read = reads.make(sql)
  const write = writes.make(sql, read)
  const audit = audits.make(sql, read)

  const writing = <A, R>(body: Effect.Effect<A, SqlError | Ledger.LedgerError, R>) =>
    Effect.onError(transaction(sql, body), () => write.forget)

  return {
    begin: Effect.flatMap(Clock.currentTimeMillis, (now) => writing(write.begin(now))),
    end: (run, end) => Effect.flatMap(Clock.currentTimeMillis, (now) => writing(write.endRun(run, now, end))),
    runs: Stream.paginate(Number.MAX_SAFE_INTEGER, (before) =>
      Effect.map(reading(read.runs(before)), (runs) => {
        const next = runs.length === reads.step ? Option.fromUndefinedOr(runs.at(-1)?.run) : Option.none()
        return [runs.length === 0 ? [] : [runs], next] as const
      })),
    observe: (run, batch, page) => page.length === 0 ? Effect.succeed([]) : writing(write.observe(run, batch, page)),
    record: (outcomes) => outcomes.length === 0 ? Effect.void : writing(write.record(outcomes)),
    opened: (sink) => writing(write.opened(sink)),
    closed: (sink) => writing(write.closed(sink)),
    // The effect cannot be begun again: it may have done more than write here.
    atomically: (effect) =>
      sql.withTransaction(effect).pipe(
        Effect.catchIf(isSqlError, toLedgerError),
        Effect.onError(() => write.forget)
      ),
    entries: (filter) => steps(read.first(filter), (at) => read.walk(at, filter)),
    find: (batch: Job.BatchRef, ids) =>
      reading(Effect.gen(function*() {
        const known = yield* read.batchId(batch)
        if (known === undefined || ids.length === 0) return ids.map(() => null)
        const found = yield* read.find(batch, known, ids)
        return ids.map((id) => found.get(id)?.entry ?? null)
      })),
    counts: (batch) => reading(read.counts(batch)),
    audit: (sink) =>
      Effect.sync((): Ledger.Audit => {
        const { check, walk } = audit(sink)
        return {
          check: (found, besides) => reading(check(found, besides)),
          unchecked: steps(read.first({}), walk)
        }
      }),
    hasReceipts: (sink) => reading(read.hasReceipts(sink)),
    countReceipts: (sink) => reading(read.countReceipts(sink))
  }
}
