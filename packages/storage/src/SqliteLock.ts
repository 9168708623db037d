/**
 * Lets one process at a time write to a SQLite file. The lock is a write transaction held open in a small database next
 * to the file, so the operating system releases it however its holder dies, in a container too. On a network share such
 * locks fail; `Lock.ts` has a lock file for folders there. The transaction is not in the file itself, where it would
 * stop other programs. A nonce in the small database identifies the lock, because an earlier holder may have removed
 * the file, and inode numbers are reused.
 */
import { randomUUID } from "node:crypto"
import * as fs from "node:fs"
import { basename, dirname, join } from "node:path"
import { leftBehindAfter } from "./Lock.ts"

/** What the lock needs of better-sqlite3; the caller brings it, since sinks that write files do without. */
export interface Database {
  readonly prepare: (sql: string) => {
    readonly run: (...values: ReadonlyArray<string | number>) => unknown
    readonly get: () => unknown
  }
  readonly exec: (sql: string) => unknown
  readonly close: () => unknown
}

/** What is locked. */
export interface Target {
  /** In a folder that is there. Links that lead to the same file lead to the same lock. */
  readonly file: string
  readonly open: (
    path: string,
    options: { readonly timeout: number; readonly readonly?: boolean; readonly fileMustExist?: boolean }
  ) => Database
  /** The error if another process, such as `process 7`, holds the lock. */
  readonly inUse: (file: string, by: string) => Error
}

/** SQLite's extended result code, such as `SQLITE_IOERR_FSYNC`; "" for anything else thrown. */
export const codeOf = (cause: unknown): string =>
  cause instanceof Error && cause.name === "SqliteError" ? String((cause as NodeJS.ErrnoException).code) : ""

/** Whether another connection holds a lock that is needed. */
export const isBusy = (cause: unknown): boolean => /^SQLITE_(BUSY|LOCKED)/.test(codeOf(cause))

/** Acquires the lock, and returns its release. Throws at once if another process holds it. */
export const acquire = (target: Target): () => void => {
  const file = realFile(target.file)
  const path = lockOf(file)
  const nonce = randomUUID()
  for (;;) {
    const db = target.open(path, { timeout: 0 })
    try {
      put(db, nonce)
      // An earlier holder may have removed the file after it was opened here: then this is a lock on nothing.
      if (isOurs(target, path, nonce)) return () => release(target, path, nonce, db)
    } catch (cause) {
      const error = isBusy(cause) ? held(target, file, db) : cause
      if (!isUnreadable(cause)) throw closed(db, error)
      if (!isLeftBehind(path)) throw closed(db, target.inUse(file, "another run"))
      fs.rmSync(path, { force: true })
    }
    db.close()
  }
}

/** Throws if another process, or this one, holds the lock. Changes nothing. */
export const checkFree = (target: Target): void => {
  const file = realFile(target.file)
  const path = lockOf(file)
  if (!fs.existsSync(path)) return
  const db = target.open(path, { timeout: 0, fileMustExist: true })
  try {
    db.exec("BEGIN IMMEDIATE; ROLLBACK")
  } catch (cause) {
    if (!isUnreadable(cause)) throw isBusy(cause) ? held(target, file, db) : cause
  } finally {
    db.close()
  }
}

const lockOf = (file: string): string => `${file}-lock`

const realFile = (file: string): string => {
  try {
    return fs.existsSync(file) ? fs.realpathSync(file) : join(fs.realpathSync(dirname(file)), basename(file))
  } catch {
    // What is wrong with the path, opening the lock says.
    return file
  }
}

const put = (db: Database, nonce: string): void => {
  // What is in it need not survive the machine, only be seen by other processes.
  db.exec("PRAGMA synchronous = OFF")
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

const holder = (db: Database): { readonly pid?: unknown; readonly nonce?: unknown } => {
  try {
    return db.prepare("SELECT pid, nonce FROM holder").get() as { pid: number; nonce: string } | undefined ?? {}
  } catch {
    return {}
  }
}

const held = ({ inUse }: Target, file: string, db: Database): Error => {
  const { pid } = holder(db)
  // Between the two transactions of another process this one's own id can stand there.
  return inUse(file, typeof pid === "number" && pid !== process.pid ? `process ${pid}` : "another run")
}

/** Whether the file at the path is the one that holds this lock. */
const isOurs = ({ open }: Target, path: string, nonce: string): boolean => {
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

const release = (target: Target, path: string, nonce: string, db: Database): void => {
  try {
    // While the lock is held, so that no other process's file is removed.
    if (isOurs(target, path, nonce)) fs.rmSync(path, { force: true })
  } catch {
    // Some systems do not remove open files: one that stays holds no lock.
  } finally {
    db.close()
  }
}

/** A power cut can leave a lock that is not a database. */
const isUnreadable = (cause: unknown): boolean => /^SQLITE_(NOTADB|CORRUPT)/.test(codeOf(cause))

const isLeftBehind = (path: string): boolean =>
  Date.now() - (fs.statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > leftBehindAfter

const closed = (db: Database, error: unknown): unknown => {
  db.close()
  return error
}
