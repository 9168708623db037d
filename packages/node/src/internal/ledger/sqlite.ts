/** The part of better-sqlite3 that the ledger uses, with its exceptions as the ledger's errors. */
import { Ledger } from "@labelstream/core"
import { SqliteLock } from "@labelstream/storage"
import BetterSqlite3 from "better-sqlite3"
import * as Effect from "effect/Effect"

type Value = string | number | null

export interface Statement {
  /** Whether it gives rows. */
  readonly reader: boolean
  readonly run: (
    ...values: ReadonlyArray<Value | ReadonlyArray<Value>>
  ) => { readonly changes: number; readonly lastInsertRowid: number }
  readonly get: (...values: ReadonlyArray<Value | ReadonlyArray<Value>>) => unknown
  readonly all: (...values: ReadonlyArray<Value | ReadonlyArray<Value>>) => Array<unknown>
  /** Rows as arrays instead of objects. */
  readonly raw: () => Statement
  /** The first column instead of rows. */
  readonly pluck: () => Statement
}

export interface Database {
  readonly prepare: (sql: string) => Statement
  readonly exec: (sql: string) => void
  readonly inTransaction: boolean
  readonly pragma: (sql: string, options?: { readonly simple: boolean }) => unknown
  readonly transaction: <A>(f: () => A) => { readonly immediate: () => A }
  readonly close: () => void
}

export interface OpenOptions {
  readonly readonly?: boolean
  readonly fileMustExist?: boolean
  /** Longest wait for a lock of another process, in milliseconds. It stops the whole process. */
  readonly timeout: number
}

/** Opens a database file. Throws. */
export const open = (file: string, options: OpenOptions): Database =>
  new (BetterSqlite3 as new(file: string, options: OpenOptions) => Database)(file, options)

const isCode = (cause: unknown, ...prefixes: ReadonlyArray<string>): boolean =>
  prefixes.some((prefix) => SqliteLock.codeOf(cause).startsWith(prefix))

/** A ledger error about a file. */
export const ledgerError = (
  reason: Ledger.LedgerError["reason"],
  detail: string,
  cause?: unknown
): Ledger.LedgerError => new Ledger.LedgerError({ reason, detail, ...(cause === undefined ? {} : { cause }) })

const rebuild = "Move it away: the next run makes a new one and takes over what the sinks hold."

/** The error for a file that is not a ledger, or a broken one. */
export const damaged = (file: string, what: string, cause?: unknown): Ledger.LedgerError =>
  ledgerError("damaged", `${file} ${what}. ${rebuild}`, cause)

/** Names what SQLite threw; undefined for what no state of a file explains: a mistake in this code. */
const classify = (file: string, cause: unknown): Ledger.LedgerError | undefined => {
  if (cause instanceof Ledger.LedgerError) return cause
  if (SqliteLock.isBusy(cause)) {
    return ledgerError("locked", `${file} is being written by another program. Try again when it has ended.`, cause)
  }
  if (isCode(cause, "SQLITE_NOTADB")) return damaged(file, "is not a ledger", cause)
  if (isCode(cause, "SQLITE_CORRUPT")) return damaged(file, "is damaged", cause)
  if (isCode(cause, "SQLITE_FULL")) {
    return ledgerError("unavailable", `The disk that holds ${file} is full. Make room and run again.`, cause)
  }
  if (isCode(cause, "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")) {
    return ledgerError("unavailable", `${file} cannot be written: it or its folder is read-only.`, cause)
  }
  // better-sqlite3 itself checks the folder, and throws a TypeError if it is missing.
  const noFolder = cause instanceof TypeError && cause.message.includes("directory does not exist")
  if (noFolder || isCode(cause, "SQLITE_CANTOPEN")) {
    return ledgerError("unavailable", `${file} cannot be opened: see that its folder exists and may be used.`, cause)
  }
  if (isCode(cause, "SQLITE_IOERR", "SQLITE_NOLFS", "SQLITE_PROTOCOL")) {
    return ledgerError("unavailable", `${file} cannot be read or written: ${SqliteLock.codeOf(cause)}.`, cause)
  }
  return undefined
}

/** Runs what may throw: what the state of the file explains becomes a failure, anything else a defect. */
export const attempt = <A>(file: string, f: () => A): Effect.Effect<A, Ledger.LedgerError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(f())
    } catch (cause) {
      const error = classify(file, cause)
      return error === undefined ? Effect.die(cause) : Effect.fail(error)
    }
  })
