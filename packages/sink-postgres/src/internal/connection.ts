/**
 * One session with the server, connected again when it was lost. A session that is lost takes its transaction with it:
 * whoever has one open asks `session` whether it still is the same.
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

/** Longest time that a statement may take here, where the server or the network does not answer at all. */
const patience = "90 seconds"

/** No wait of this session on the server is without an end, and no other writer waits for a frozen one. */
const limits = {
  statement_timeout: "60000",
  lock_timeout: "15000",
  idle_in_transaction_session_timeout: "60000",
  synchronous_commit: "on"
}

type Rows = ReadonlyArray<PgConnection.Row>

export class Connection {
  readonly settings: Settings
  /** The number of the session: a higher one after each loss. */
  session = 0
  private current: { readonly connection: PgConnection.PgConnection; readonly scope: Scope.Closeable } | undefined

  constructor(settings: Settings) {
    this.settings = settings
  }

  /** Runs one statement, on a new session where the last one was lost. An interrupted statement ends its session. */
  run(sql: string, params: ReadonlyArray<unknown> = []): Effect.Effect<Rows, SqlError> {
    return Effect.flatMap(this.connected, (connection) =>
      connection.query(sql, params).pipe(
        Effect.map(({ rows }) => rows),
        Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(noAnswer) }),
        Effect.tapError((error) => isLost(error) ? this.close : Effect.void),
        Effect.onInterrupt(() => this.close)
      ))
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

  private readonly connected: Effect.Effect<PgConnection.PgConnection, SqlError> = Effect.suspend(() => {
    if (this.current !== undefined) return Effect.succeed(this.current.connection)
    const { schema, url } = this.settings
    const scope = Scope.makeUnsafe()
    return PgConnection.make({
      url,
      applicationName: "labelstream",
      connectTimeout: "10 seconds",
      keepAlive: "15 seconds",
      startupParameters: { ...limits, search_path: `"${schema}"` }
    }).pipe(
      Scope.provide(scope),
      Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(scope, Exit.void)),
      Effect.tap((connection) =>
        Effect.sync(() => {
          this.session++
          this.current = { connection, scope }
        })
      )
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
    Effect.tap((db) => db.query({ step }, "SELECT 1"))
  )
