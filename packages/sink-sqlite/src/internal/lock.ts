/**
 * One writer at a time, by a lock that the operating system releases when its holder dies: a write transaction held open
 * in a small database next to the sink's file. It is not in the sink's file, where it would stop other programs. It is
 * not a file with a process id either, which outlives a killed process and can be misread for a living one. A nonce in
 * the small database tells whose it is: an earlier holder may have removed the file, and inode numbers are used again.
 */
import { randomUUID } from "node:crypto"
import { existsSync, rmSync } from "node:fs"
import { Problem } from "./failure.ts"
import { type Database, isBusy, open } from "./sqlite.ts"

/** The file next to the sink's file. It goes when the sink closes; one left by a crash holds no lock. */
export const lockFile = (file: string): string => `${file}-lock`

const holder = (db: Database): { readonly pid?: unknown; readonly nonce?: unknown } => {
  try {
    return db.prepare("SELECT pid, nonce FROM holder").get() as { pid: number; nonce: string } | undefined ?? {}
  } catch {
    return {}
  }
}

const take = (db: Database, nonce: string): void => {
  // Readers see a write transaction's changes only once it has ended: so the holder is written in a first one, and
  // the second one, which is the lock, is held. Should another process come between the two, all is done again.
  for (;;) {
    db.exec("BEGIN IMMEDIATE; DROP TABLE IF EXISTS holder; CREATE TABLE holder (pid INTEGER, nonce TEXT) STRICT")
    db.prepare("INSERT INTO holder VALUES (?, ?)").run(process.pid, nonce)
    db.exec("COMMIT; BEGIN IMMEDIATE")
    if (holder(db).nonce === nonce) return
    db.exec("ROLLBACK")
  }
}

const inUse = (file: string, db: Database): Problem => {
  const { pid } = holder(db)
  // Between the two transactions of another process this one's own id can stand there.
  const who = typeof pid === "number" && pid !== process.pid ? `process ${pid}` : "another run"
  return new Problem("conflict", `${file} is in use by ${who}. Wait for it to end, or choose another file.`)
}

/** Whether the file at the path is the one that holds this lock. */
const isOurs = (path: string, nonce: string): boolean => {
  let db: Database
  try {
    db = open(path, { timeout: 0, readonly: true, fileMustExist: true })
  } catch {
    return false
  }
  try {
    return holder(db).nonce === nonce
  } finally {
    db.close()
  }
}

const release = (path: string, nonce: string, db: Database): void => {
  try {
    // While the lock is held, so that no other process's file is removed.
    if (isOurs(path, nonce)) rmSync(path, { force: true })
  } catch {
    // Some systems do not remove open files: one that stays holds no lock.
  } finally {
    db.close()
  }
}

/** Acquires the lock, and returns its release. Throws at once if another process holds it. */
export const lock = (file: string): () => void => {
  const path = lockFile(file)
  const nonce = randomUUID()
  for (;;) {
    const db = open(path, { timeout: 0 })
    try {
      // What is in it need not survive the machine, only be seen by other processes.
      db.pragma("synchronous = OFF")
      take(db, nonce)
    } catch (cause) {
      const error = isBusy(cause) ? inUse(file, db) : cause
      db.close()
      throw error
    }
    // An earlier holder may have removed the file after it was opened here: then this is a lock on nothing.
    if (isOurs(path, nonce)) return () => release(path, nonce, db)
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
