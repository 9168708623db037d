/**
 * One session with the server, which connects again after a loss. Statements that run at the same time go to the server in
 * the order in which they began, without waiting for each other's results.
 */
import * as PgConnection from "@effect/sql-pg/PgConnection"
import type { JobSink } from "@labelstream/core/sink"
import type { Failure } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { ConnectionError, SqlError } from "effect/sql/SqlError"
import { isLost, toSinkError } from "./failure.ts"

export interface Settings {
  readonly url: Redacted.Redacted
  readonly schema: string
  readonly durability: JobSink.Capabilities["durability"]
  /** Kind and place of the database, for people. */
  readonly name: string
}

/** Longest wait for a statement if the server or the network does not respond at all. */
const patience = "90 seconds"

/**
 * Milliseconds. Every wait of this session on the server ends. The transaction of a frozen writer ends before another writer
 * gives up waiting for its rows. A limit that the server sets for its user stays.
 */
const limits = `SELECT set_config(name, wanted, false)
  FROM (VALUES ('statement_timeout', '60000'), ('lock_timeout', '15000'), ('idle_in_transaction_session_timeout', '10000'))
    AS limits (name, wanted)
  WHERE current_setting(name) = '0'`

type Rows = ReadonlyArray<PgConnection.Row>

export class Connection {
  readonly settings: Settings
  /** Whether a transaction is open. A session that is lost meanwhile is not replaced, because a new one is outside of it. */
  inTransaction = false
  private current: { readonly connection: PgConnection.PgConnection; readonly scope: Scope.Closeable } | undefined

  constructor(settings: Settings) {
    this.settings = settings
  }

  /**
   * Runs one statement, on a new session if the last one was lost outside of a transaction. An interrupted statement ends
   * its session.
   */
  run(sql: string, params: ReadonlyArray<unknown> = []): Effect.Effect<Rows, SqlError> {
    return Effect.flatMap(this.connected, (connection) => this.on(connection, sql, params))
  }

  private on(connection: PgConnection.PgConnection, sql: string, params?: ReadonlyArray<unknown>) {
    // A late statement must not end the next session.
    const end = Effect.suspend(() => this.current?.connection === connection ? this.close : Effect.void)
    return connection.query(sql, params).pipe(
      Effect.map(({ rows }) => rows),
      Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(noAnswer) }),
      Effect.tapError((error) => isLost(error) ? end : Effect.void),
      Effect.onInterrupt(() => end)
    )
  }

  /** As `run`, with the error of the sink. */
  query(where: Failure.Where, sql: string, params?: ReadonlyArray<unknown>): Effect.Effect<Rows, JobSink.SinkError> {
    return Effect.mapError(this.run(sql, params), toSinkError(this.settings.name, where))
  }

  /** Ends the session. The server rolls its transaction back. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    const { current } = this
    this.current = undefined
    return current === undefined ? Effect.void : Scope.close(current.scope, Exit.void)
  })

  /** Whether there is a session. It may be lost without the sink knowing yet. */
  get isConnected(): boolean {
    return this.current !== undefined
  }

  /** The session, or a new one if there is none. Not for two callers at the same time. */
  readonly connected: Effect.Effect<PgConnection.PgConnection, SqlError> = Effect.suspend(() => {
    if (this.current !== undefined) return Effect.succeed(this.current.connection)
    if (this.inTransaction) return Effect.fail(noAnswer)
    const { schema, url } = this.settings
    const scope = Scope.makeUnsafe()
    return PgConnection.make({
      url,
      applicationName: "labelstream",
      connectTimeout: "10 seconds",
      keepAlive: "15 seconds",
      multiplex: true,
      startupParameters: { synchronous_commit: "on", search_path: `"${schema}"` }
    }).pipe(
      Scope.provide(scope),
      Effect.tap((connection) => {
        this.current = { connection, scope }
        return this.on(connection, limits)
      }),
      Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Effect.andThen(this.close, Scope.close(scope, exit)))
    )
  })
}

const noAnswer = new SqlError({
  reason: new ConnectionError({ cause: new Error("no answer"), message: "no answer", operation: "query" })
})

/** Connects; closed with the scope. */
export const make = (
  settings: Settings,
  step: Failure.Where["step"]
): Effect.Effect<Connection, JobSink.SinkError, Scope.Scope> =>
  Effect.acquireRelease(Effect.sync(() => new Connection(settings)), (db) => db.close).pipe(
    Effect.tap((db) => Effect.mapError(db.connected, toSinkError(settings.name, { step })))
  )
