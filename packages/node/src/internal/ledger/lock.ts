/**
 * One writer at a time, by a lock that the operating system lets go of when its holder dies, however it dies: a write
 * transaction held open in a small database beside the ledger. Not in the ledger itself, where it would stop readers
 * too; not a file with a process id in it, which outlives a killed process and can be misread for a living one.
 */
import type { Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { attempt, type Database, isBusy, ledgerError, open } from "./sqlite.ts"

const holder = (db: Database): unknown => {
  try {
    return db.prepare("SELECT pid FROM holder").pluck().get()
  } catch {
    return undefined
  }
}

const take = (db: Database): void => {
  // Readers see a write transaction's changes only once it has ended: so the process id is written in a first one, and
  // the second one, which is the lock, is held. Should another process come between the two, all is done again.
  for (;;) {
    db.exec("BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS holder (pid INTEGER NOT NULL) STRICT; DELETE FROM holder")
    db.prepare("INSERT INTO holder VALUES (?)").run(process.pid)
    db.exec("COMMIT; BEGIN IMMEDIATE")
    if (holder(db) === process.pid) return
    db.exec("ROLLBACK")
  }
}

const acquire = (file: string): Database => {
  const db = open(`${file}-lock`, { timeout: 0 })
  try {
    take(db)
    return db
  } catch (cause) {
    const pid = isBusy(cause) ? holder(db) : undefined
    db.close()
    if (!isBusy(cause)) throw cause
    // Between the two transactions of another process this one's own id can stand there.
    const who = typeof pid === "number" && pid !== process.pid ? `process ${pid}` : "another run"
    throw ledgerError("locked", `${file} is in use by ${who}. Wait for it to end, or use another ledger file.`)
  }
}

/** Takes the writer's place for the scope; fails at once with `locked` where another process has it. */
export const lock = (file: string): Effect.Effect<void, Ledger.LedgerError, Scope.Scope> =>
  Effect.asVoid(
    Effect.acquireRelease(attempt(`${file}-lock`, () => acquire(file)), (db) => Effect.sync(() => db.close()))
  )
