/** The errors of SQLite and PostgreSQL as the ledger's, and transactions that are retried after a conflict. */
import { Ledger } from "@labelstream/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as SqlClient from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"

/** Turns errors from the state of the database into the ledger's. Others are bugs in this code. */
export const toLedgerError = (error: SqlError): Effect.Effect<never, Ledger.LedgerError> => {
  const fail = (reason: Ledger.LedgerError["reason"], detail: string) =>
    Effect.fail(new Ledger.LedgerError({ reason, detail, cause: error.reason }))
  const { _tag } = error.reason
  const code = codeOf(error.reason.cause)
  switch (_tag) {
    case "ConnectionError":
    case "StatementTimeoutError":
      return fail("unavailable", "The cluster's database does not respond. Run the command again once it does.")
    case "AuthenticationError":
      return fail("unavailable", "The cluster's database refuses the user or the password. Correct its URL.")
    case "AuthorizationError":
      return fail(
        "unavailable",
        "The cluster's database does not let this user do that. Grant the rights to its tables."
      )
    case "LockTimeoutError":
    case "DeadlockError":
    case "SerializationError":
      return fail("unavailable", "The cluster's database is busy with other writers for too long. Try again.")
    default:
      return storageFailure(code, fail) ?? Effect.die(error)
  }
}

const storageFailure = (
  code: string,
  fail: (reason: Ledger.LedgerError["reason"], detail: string) => Effect.Effect<never, Ledger.LedgerError>
) => {
  if (code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT") || code.startsWith("XX")) {
    return fail("damaged", "The cluster's database is damaged, or its file is no database. Restore it.")
  }
  if (code === "SQLITE_FULL" || code === "53100") {
    return fail("unavailable", "The disk that holds the cluster's database is full. Make room and try again.")
  }
  if (code.startsWith("SQLITE_READONLY") || code === "25006") {
    return fail("unavailable", "The cluster's database cannot be written: it is read-only.")
  }
  if (code.startsWith("SQLITE_IOERR") || /^(53|57|58)/.test(code)) {
    return fail("unavailable", `The cluster's database cannot be read or written: ${code}.`)
  }
  return undefined
}

const codeOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : ""

/** Whether a retry of the transaction can succeed: it conflicted with another one and changed nothing. */
const meets = (error: unknown) =>
  isSqlError(error) && (error.reason._tag === "DeadlockError" || error.reason._tag === "SerializationError")

const again = Schedule.exponential("5 millis", 2).pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.millis(500)))),
  Schedule.jittered
)

/**
 * Runs one transaction, and retries it after a conflict with another writer: at most 12 times, for about 3 seconds. Fails
 * with the ledger's error.
 */
export const transaction = <A, R>(
  sql: SqlClient.SqlClient,
  body: Effect.Effect<A, SqlError | Ledger.LedgerError, R>
): Effect.Effect<A, Ledger.LedgerError, R> =>
  sql.withTransaction(body).pipe(
    Effect.retry({ schedule: again, times: 12, while: meets }),
    Effect.catchTag("SqlError", toLedgerError)
  )

/** A statement that reads, with the ledger's error. */
export const reading = <A, R>(
  body: Effect.Effect<A, SqlError, R>
): Effect.Effect<A, Ledger.LedgerError, R> => Effect.catchTag(body, "SqlError", toLedgerError)
