/**
 * The part of better-sqlite3 that this sink uses. Every call is synchronous and blocks the process while it runs, so
 * callers keep each call short.
 */
import BetterSqlite3 from "better-sqlite3"

/** What SQLite stores and returns; integers beyond 2^53 do not occur here. */
export type Value = string | number | null | Uint8Array

/** Values of parameters such as `@job`. */
export type Named = Readonly<Record<string, Value>>

export interface Statement {
  readonly run: (...values: ReadonlyArray<Value | ReadonlyArray<Value> | Named>) => { readonly changes: number }
  readonly get: (...values: ReadonlyArray<Value | Named>) => unknown
  readonly all: (...values: ReadonlyArray<Value | Named>) => Array<unknown>
  /** The first column instead of rows. */
  readonly pluck: () => Statement
}

export interface Database {
  readonly prepare: (sql: string) => Statement
  readonly exec: (sql: string) => void
  readonly pragma: (sql: string, options?: { readonly simple: boolean }) => unknown
  readonly close: () => void
  /** Whether a transaction is open: some failures end it by themselves. */
  readonly inTransaction: boolean
}

export interface OpenOptions {
  readonly readonly?: boolean
  readonly fileMustExist?: boolean
  /** Longest wait for a lock of another connection, in milliseconds. It stops the whole process. */
  readonly timeout: number
}

/** Opens database files. Throws. */
export type Open = (file: string, options: OpenOptions) => Database

export const open: Open = (file, options) =>
  new (BetterSqlite3 as new(file: string, options: OpenOptions) => Database)(file, options)

/** Ends an open transaction, if there is one. What cannot be rolled back ends with the connection. */
export const rollback = (db: Database): void => {
  try {
    if (db.inTransaction) db.exec("ROLLBACK")
  } catch {
    // The connection is about to be closed, or the next BEGIN says what is wrong.
  }
}
