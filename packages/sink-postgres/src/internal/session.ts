/**
 * The sink while it is open: one transaction from `stage` to `commit`. Readers see nothing of it before it ends, and the
 * death of the process or of the server at any point ends it as if it had never begun. The sink recognizes a commit by its
 * token, so that one whose acknowledgement was lost is not repeated.
 */
import { JobSink, TableRows } from "@labelstream/core/sink"
import { type DatabaseOptions, Failure } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import type { SqlError } from "effect/sql/SqlError"
import type { Connection } from "./connection.ts"
import { collided, isOfValues, problem, sinkName, toSinkError } from "./failure.ts"
import { type Fault, keyOf, Writer } from "./writer.ts"

/** Times that a batch is written again because its transaction collided with another one. */
const mostCollisions = 5

interface Staged {
  readonly token: JobSink.CommitToken
  /** Kept until the batch has ended: a transaction that was lost is written again. */
  readonly records: ReadonlyArray<JobSink.JobRecord>
  receipts: ReadonlyArray<JobSink.Receipt>
}

/** Starts on tables of the newest version. */
export const start = (db: Connection, keep: DatabaseOptions.Keep): JobSink.OpenSink => {
  const writer = new Writer(db, keep)
  const oneAtATime = Semaphore.makeUnsafe(1)
  const tokens = new Set<JobSink.CommitToken>()
  let staged: Staged | undefined

  const rollback = Effect.andThen(
    writer.clear,
    Effect.suspend(() => {
      if (!db.inTransaction) return Effect.void
      db.inTransaction = false
      if (!db.isConnected) return Effect.void
      // A session that does not even roll back is ended, and its transaction with it.
      return db.run("ROLLBACK").pipe(Effect.catch(() => db.close), Effect.uninterruptible, Effect.asVoid)
    })
  )

  /** Begins a transaction, and sends another statement with it, whose result it returns. */
  const begin = <A>(first: Effect.Effect<A, SqlError>) =>
    rollback.pipe(
      Effect.andThen(db.connected),
      Effect.andThen(Effect.suspend(() => {
        db.inTransaction = true
        return Effect.all([db.run("BEGIN"), first], { concurrency: "unbounded" })
      })),
      Effect.map(([, result]) => result)
    )

  const receiptsOf = (token: JobSink.CommitToken, step: Failure.Where["step"]) =>
    Effect.map(
      db.query({ step }, "SELECT receipts FROM commits WHERE token = $1", [token]),
      ([row]) => row === undefined ? undefined : JSON.parse(String(row["receipts"])) as ReadonlyArray<JobSink.Receipt>
    )

  type Written = {
    readonly receipts: ReadonlyArray<JobSink.Receipt>
    readonly rejections: ReadonlyArray<JobSink.Rejection>
  }

  type Records = ReadonlyArray<JobSink.JobRecord>

  // Within the transaction, so that a commit is one request to the server.
  const note = (token: JobSink.CommitToken, receipts: ReadonlyArray<JobSink.Receipt>) =>
    db.run("INSERT INTO commits (token, receipts) VALUES ($1, $2)", [token, JSON.stringify(receipts)])

  const writeAll = Effect.fnUntraced(function*(
    token: JobSink.CommitToken,
    records: Records,
    all: boolean
  ): Effect.fn.Return<Written, Fault> {
    const placed = yield* begin(writer.remove(records, all))
    const receipts: Array<JobSink.Receipt> = []
    for (const record of records) {
      receipts.push(placed.has(record) ? yield* writer.add(record) : TableRows.receiptOf(record))
    }
    yield* writer.insertAll(note(token, receipts))
    return { receipts, rejections: [] }
  })

  /** As `writeAll`, with a savepoint for each record, so that a bad one is rejected alone. */
  const writeEach = Effect.fnUntraced(function*(
    token: JobSink.CommitToken,
    records: Records
  ): Effect.fn.Return<Written, Fault> {
    yield* begin(Effect.void)
    const receipts: Array<JobSink.Receipt> = []
    const rejections: Array<JobSink.Rejection> = []
    for (const record of records) {
      yield* db.run("SAVEPOINT record")
      const result = yield* writer.remove([record], true).pipe(
        Effect.flatMap((placed) => placed.size > 0 ? writer.add(record) : Effect.succeed(TableRows.receiptOf(record))),
        Effect.tap(() => writer.insertAll()),
        Effect.result
      )
      if (Result.isSuccess(result)) {
        receipts.push(result.success)
        yield* db.run("RELEASE SAVEPOINT record")
      } else if (!isOfRecord(result.failure)) return yield* Effect.fail(result.failure)
      else {
        yield* writer.clear
        const { batchId, jobId } = record
        rejections.push({ batchId, jobId, error: toError({ step: "stage", batchId, jobId })(result.failure) })
        yield* db.run("ROLLBACK TO SAVEPOINT record")
      }
    }
    yield* note(token, receipts)
    return { receipts, rejections }
  })

  /** Leaves the transaction open, or rolled back if it fails. */
  const write = (token: JobSink.CommitToken, records: Records): Effect.Effect<Written, Fault> => {
    const sorted = latestOfEach(records)
    const attempt = (collisions: number): Effect.Effect<Written, Fault> =>
      writeAll(token, sorted, collisions > 0).pipe(
        Effect.catchIf(
          (fault): fault is Fault =>
            collisions < mostCollisions && !(fault instanceof Failure.Problem) && collided(fault),
          () => attempt(collisions + 1)
        )
      )
    return attempt(0).pipe(
      Effect.catchIf(isOfRecord, () => writeEach(token, sorted)),
      Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : rollback)
    )
  }

  const toError = (where: Failure.Where) => (fault: Fault): JobSink.SinkError =>
    fault instanceof Failure.Problem
      ? new JobSink.SinkError({ sink: sinkName, ...where, reason: fault.reason, detail: fault.message, cause: fault })
      : toSinkError(db.settings.name, where)(fault)

  const stage = Effect.fnUntraced(function*(token: JobSink.CommitToken, records: ReadonlyArray<JobSink.JobRecord>) {
    if (staged !== undefined && staged.token !== token) {
      return yield* problem("stage", "conflict", "another batch is staged: commit or abort it first")
    }
    if (staged === undefined && (yield* receiptsOf(token, "stage")) !== undefined) return []
    staged = undefined
    const { receipts, rejections } = yield* Effect.mapError(write(token, records), toError({ step: "stage" }))
    staged = { token, records, receipts }
    return rejections
  })

  const commit = Effect.fnUntraced(function*(token: JobSink.CommitToken) {
    const step = "commit"
    const batch = staged
    if (batch?.token !== token) return (yield* receiptsOf(token, step)) ?? []
    if (!db.inTransaction) {
      // An earlier attempt may have been committed without its acknowledgement.
      const known = yield* receiptsOf(token, step)
      if (known !== undefined) {
        staged = undefined
        return known
      }
      batch.receipts = (yield* Effect.mapError(write(token, batch.records), toError({ step }))).receipts
    }
    const done = yield* Effect.exit(db.run("COMMIT"))
    if (Exit.isFailure(done)) {
      yield* rollback
      return yield* Effect.mapError(Effect.failCause(done.cause), toError({ step }))
    }
    db.inTransaction = false
    staged = undefined
    tokens.add(token)
    return batch.receipts
  }, Effect.uninterruptible)

  const drop = Effect.suspend(() => {
    staged = undefined
    return rollback
  })

  return {
    stage: (token, records) => oneAtATime.withPermit(stage(token, records)),
    commit: (token) => oneAtATime.withPermit(commit(token)),
    abort: (token) => oneAtATime.withPermit(Effect.suspend(() => staged?.token === token ? drop : Effect.void)),
    finish: ({ outcome }) =>
      oneAtATime.withPermit(Effect.gen(function*() {
        yield* drop
        // A run that was stopped may be followed by one that commits its last batch again.
        const own = outcome === "completed" ? [...tokens] : []
        yield* db.query(
          { step: "finish" },
          "DELETE FROM commits WHERE token = ANY($1::text[]) OR made_at < now() - interval '30 days'",
          [own]
        )
        tokens.clear()
      }))
  }
}

const isOfRecord = (fault: Fault): boolean =>
  fault instanceof Failure.Problem ? fault.reason === "rejected" : !collided(fault) && isOfValues(fault)

/** Each job once, by its last record, in the order of keys, so that all writers lock rows in the same order. */
const latestOfEach = (records: ReadonlyArray<JobSink.JobRecord>): ReadonlyArray<JobSink.JobRecord> => {
  const latest = new Map(records.map((record) => {
    const key = keyOf(record)
    return [`${key.batch_id}\0${key.job_id}`, record]
  }))
  return [...latest].sort(([one], [other]) => one < other ? -1 : 1).map(([, record]) => record)
}
