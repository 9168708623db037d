/**
 * One writer at a time, by a lock that the operating system lets go of when its holder dies, however it dies: a write
 * transaction held open in a small database beside the sink's file. Not in that file itself, where it would stop other
 * programs; not a file with a process id in it, which outlives a killed process and can be misread for a living one.
 */
import { existsSync, rmSync, statSync } from "node:fs"
import { Problem } from "./failure.ts"
import { type Database, isBusy, open } from "./sqlite.ts"

/** The file beside the sink's file. It goes when the sink closes; one left by a crash holds no lock. */
export const lockFile = (file: string): string => `${file}-lock`

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

const inUse = (file: string, db: Database): Problem => {
  const pid = holder(db)
  // Between the two transactions of another process this one's own id can stand there.
  const who = typeof pid === "number" && pid !== process.pid ? `process ${pid}` : "another run"
  return new Problem("conflict", `${file} is in use by ${who}. Wait for it to end, or choose another file.`)
}

const inode = (path: string): bigint | undefined => statSync(path, { bigint: true, throwIfNoEntry: false })?.ino

const release = (path: string, db: Database): void => {
  try {
    // While the lock is held, so that nobody else's file is removed.
    rmSync(path, { force: true })
  } catch {
    // Some systems do not remove open files: one that stays holds no lock.
  } finally {
    db.close()
  }
}

/** Takes the writer's place, and answers how to give it back. Throws at once where another process has it. */
export const lock = (file: string): () => void => {
  const path = lockFile(file)
  for (;;) {
    const before = inode(path)
    const db = open(path, { timeout: 0 })
    try {
      // What is in it need not survive the machine, only be seen by other processes.
      db.pragma("synchronous = OFF")
      take(db)
    } catch (cause) {
      const error = isBusy(cause) ? inUse(file, db) : cause
      db.close()
      throw error
    }
    // An earlier holder may have removed the file after it was opened here: then this is a lock on nothing. A file that
    // was not there before is looked at once more, since it need not be the one that was made here.
    if (before !== undefined && before === inode(path)) return () => release(path, db)
    db.close()
  }
}

/** Throws where another process, or another sink in this one, has the writer's place. Changes nothing. */
export const checkFree = (file: string): void => {
  const path = lockFile(file)
  if (!existsSync(path)) return
  const db = open(path, { timeout: 0, fileMustExist: true })
  try {
    db.exec("BEGIN IMMEDIATE; ROLLBACK")
  } catch (cause) {
    throw isBusy(cause) ? inUse(file, db) : cause
  } finally {
    db.close()
  }
}
