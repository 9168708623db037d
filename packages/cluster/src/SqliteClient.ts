/**
 * `effect/sql` over one SQLite file, for several processes of one machine: the cluster's storage and the stores of this
 * package without a database server. A write waits for those of other processes without blocking the event loop.
 */
import BetterSqlite3 from "better-sqlite3"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as SqlClient from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import { classifySqliteError, SqlError } from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"
import * as Stream from "effect/Stream"

/** The file of the database, and how long it waits. */
export interface Options {
  /** Path of the file, made if missing, with `-wal` and `-shm` next to it. Not for network file systems. */
  readonly file: string
  /**
   * Longest wait for the writes of other processes; then a `LockTimeoutError`. Default: 30 seconds. Only one process
   * writes at a time, so that each waits for the transactions of all others.
   */
  readonly busyTimeout?: Duration.Input
}

// SQLite itself waits in the calling thread: long enough to sleep through another process's commit, no longer.
const blockingMillis = 5
const waits = Schedule.exponential("2 millis", 1.5).pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.millis(50)))),
  Schedule.jittered
)

interface PreparedStatement {
  readonly reader: boolean
  readonly raw: (on: boolean) => PreparedStatement
  readonly safeIntegers: (on: boolean) => PreparedStatement
  readonly all: (...values: ReadonlyArray<unknown>) => Array<unknown>
  readonly run: (...values: ReadonlyArray<unknown>) => { readonly changes: number }
}

interface Database {
  readonly prepare: (sql: string) => PreparedStatement
  readonly pragma: (sql: string) => unknown
  readonly inTransaction: boolean
  readonly close: () => void
}

const failure = (cause: unknown, operation: string) =>
  new SqlError({ reason: classifySqliteError(cause, { operation, message: messageOf(cause) }) })

const messageOf = (cause: unknown) => cause instanceof Error ? cause.message : "SQLite failed"

const isBusy = (error: SqlError) => error.reason._tag === "LockTimeoutError"

// Booleans and undefined are the two that statements carry and SQLite does not.
const toValue = (value: unknown) => typeof value === "boolean" ? Number(value) : value === undefined ? null : value

const statementsKept = 200

class SqliteConnection implements Connection {
  readonly db: Database
  private readonly busyTimeout: Duration.Duration
  private readonly statements = new Map<string, PreparedStatement>()

  constructor(db: Database, busyTimeout: Duration.Duration) {
    this.db = db
    this.busyTimeout = busyTimeout
  }

  private prepare(sql: string): PreparedStatement {
    const statement = this.statements.get(sql) ?? this.db.prepare(sql)
    this.statements.delete(sql)
    this.statements.set(sql, statement)
    const [oldest] = this.statements.keys()
    if (this.statements.size > statementsKept && oldest !== undefined) this.statements.delete(oldest)
    return statement
  }

  /** Runs a statement, again while another process writes: a busy one that begins its transaction has done nothing. */
  private attempt<A>(operation: string, f: () => A): Effect.Effect<A, SqlError> {
    const once = Effect.try({ try: f, catch: (cause) => failure(cause, operation) })
    const again = Effect.retry(once, {
      schedule: Schedule.upTo(waits, { duration: this.busyTimeout }),
      while: (error) => isBusy(error) && !this.db.inTransaction
    })
    // Also at the beginning of a transaction, which is uninterruptible otherwise: nothing is open while it waits.
    return Effect.catchIf(once, (error) => isBusy(error) && !this.db.inTransaction, () => Effect.interruptible(again))
  }

  private query<A>(sql: string, params: ReadonlyArray<unknown>, raw: boolean, keep: boolean) {
    return Effect.withFiber<Array<A>, SqlError>((fiber) => {
      const safe = fiber.getRef(SqlClient.SafeIntegers)
      return this.attempt("execute", () => {
        const statement = keep ? this.prepare(sql) : this.db.prepare(sql)
        const values = params.map(toValue)
        if (!statement.reader) {
          statement.run(...values)
          return []
        }
        return statement.raw(raw).safeIntegers(safe).all(...values) as Array<A>
      })
    })
  }

  execute: Connection["execute"] = (sql, params, transform) =>
    Effect.map(this.query<object>(sql, params, false, true), transform ?? identity)

  executeRaw: Connection["executeRaw"] = (sql, params) => this.query(sql, params, false, true)

  executeStream: Connection["executeStream"] = (sql, params, transform) =>
    Stream.fromIterableEffect(this.execute(sql, params, transform))

  executeValues: Connection["executeValues"] = (sql, params) => this.query<Array<unknown>>(sql, params, true, true)

  executeValuesUnprepared: Connection["executeValuesUnprepared"] = (sql, params) =>
    this.query<Array<unknown>>(sql, params, true, false)

  executeUnprepared: Connection["executeUnprepared"] = (sql, params, transform) =>
    Effect.map(this.query<object>(sql, params, false, false), transform ?? identity)

  /** Sets the options of a connection. The change to a write-ahead log needs exclusive access for an instant. */
  prepareFile(): Effect.Effect<void, SqlError> {
    return this.attempt("connect", () => {
      this.db.pragma("journal_mode = WAL")
      this.db.pragma("synchronous = FULL")
      this.db.pragma(`cache_size = ${-16 * 1024}`)
    })
  }
}

/** Opens the file for the scope. */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<SqlClient.SqlClient, SqlError, Scope.Scope | Reactivity.Reactivity> {
  const Constructor = BetterSqlite3 as unknown as new(file: string, options: { readonly timeout: number }) => Database
  const db = yield* Effect.acquireRelease(
    Effect.try({
      try: () => new Constructor(options.file, { timeout: blockingMillis }),
      catch: (cause) => failure(cause, "connect")
    }),
    (db) => Effect.sync(() => db.close())
  )
  const busyTimeout = Duration.fromInputUnsafe(options.busyTimeout ?? "30 seconds")
  const connection = new SqliteConnection(db, busyTimeout)
  yield* connection.prepareFile()
  return yield* SqlClient.make({
    ...SqlClient.makeSqliteAcquirers({
      connection: Effect.succeed(connection),
      semaphore: Semaphore.makeUnsafe(1),
      isTransaction: ({ db }) => db.inTransaction
    }),
    driver: "sqlite-better-sqlite3",
    compiler: Statement.makeCompilerSqlite(),
    // A transaction that became a writer later could not wait: its view of the file would be too old.
    beginTransaction: "BEGIN IMMEDIATE",
    prepareTransactionControls: true,
    releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`,
    spanAttributes: [["db.system.name", "sqlite"]]
  })
})

/** Provides a client for the file, until the layer closes. */
export const layer = (options: Options): Layer.Layer<SqlClient.SqlClient, SqlError> =>
  Layer.effect(SqlClient.SqlClient, make(options)).pipe(Layer.provide(Reactivity.layer))
