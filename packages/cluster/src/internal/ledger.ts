/** The calls of the ledger, each as one transaction or as reads, on a database whose tables are there. */
import type { Ledger } from "@labelstream/core"
import * as LedgerSql from "@labelstream/node/LedgerSql"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import { isSqlError } from "effect/sql/SqlError"
import * as DatabaseTime from "./databaseTime.ts"
import { make as makeDriver, type RunProgram } from "./ledgerDriver.ts"
import { reading, toLedgerError, transaction } from "./statements.ts"

/** The ledger's programs, and what runs them on a database that was brought up to date. */
export interface Programs {
  readonly run: RunProgram
  readonly read: LedgerSql.Reads
  readonly write: LedgerSql.Writes
  /** For when what programs have written may have been undone. */
  readonly forget: Effect.Effect<void>
}

/** Makes them. */
export const programs = (sql: SqlClient.SqlClient): Programs => {
  const run = makeDriver(sql)
  const read = LedgerSql.makeReads(LedgerSql.inTable)
  const write = LedgerSql.makeWrites(read, LedgerSql.inTable)
  const forget = Effect.sync(write.forget)
  return { run, read, write, forget }
}

/** Runs programs that read. */
export const readingWith = ({ run }: Programs): LedgerSql.Run => (program) => reading(run(program))

/** The ledger of these programs. */
export const fromPrograms = (sql: SqlClient.SqlClient, of: Programs): Ledger.Ledger["Service"] => {
  const writing: LedgerSql.Run = (program) => Effect.onError(transaction(sql, of.run(program)), () => of.forget)
  /** Runs a program with the time of the database. */
  const atNow = <A>(program: (now: number) => LedgerSql.Program<A>) =>
    transaction(sql, Effect.flatMap(DatabaseTime.now(sql), (now) => of.run(() => program(now))))
  return {
    ...LedgerSql.reading(readingWith(of), of.read),
    ...LedgerSql.writing(writing, writing, of.write),
    begin: atNow(of.write.begin),
    end: (run, end) => atNow((now) => of.write.endRun(run, now, end)),
    // The effect cannot be begun again: it may have done more than write here.
    transaction: (effect) =>
      sql.withTransaction(effect).pipe(
        Effect.catchIf(isSqlError, toLedgerError),
        Effect.onError(() => of.forget)
      )
  }
}
