/**
 * The sink while it is open: one write transaction from `stage` to `commit`. Readers see nothing of it before it ends,
 * and the death of the process at any point ends it as if it had never begun.
 */
import type { JobSink } from "@labelstream/core/sink"
import { type DatabaseOptions, Failure, StoredId } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import { statSync } from "node:fs"
import { mergeLog } from "./database.ts"
import { attempt, gone } from "./failure.ts"
import { type Database, rollback } from "./sqlite.ts"
import { Writer } from "./writer.ts"

/** Commits whose receipts can still be asked for a second time. */
const remembered = 64

interface Staged {
  readonly token: JobSink.CommitToken
  /** Kept until the batch has ended: a commit that failed has rolled back what was written, and writes it again. */
  readonly records: ReadonlyArray<JobSink.JobRecord>
  receipts: ReadonlyArray<JobSink.Receipt>
}

/** Starts a session on a file that is locked and of the newest version. */
export const start = (db: Database, file: string, keep: DatabaseOptions.Keep): JobSink.OpenSink => {
  const writer = new Writer(db, file, keep)
  const known = db.prepare("SELECT receipts FROM commits WHERE token = ?").pluck()
  const note = db.prepare("INSERT INTO commits (token, receipts) VALUES (?, ?)")
  const forget = db.prepare("DELETE FROM commits WHERE id <= (SELECT max(id) FROM commits) - ?")
  const oneAtATime = Semaphore.makeUnsafe(1)
  const { ino } = statSync(file, { bigint: true })
  let staged: Staged | undefined

  const receiptsOf = (token: JobSink.CommitToken): ReadonlyArray<JobSink.Receipt> | undefined => {
    const text = known.get(token)
    return typeof text === "string" ? JSON.parse(text) as ReadonlyArray<JobSink.Receipt> : undefined
  }

  const begin = () => {
    rollback(db)
    confirm()
    db.exec("BEGIN IMMEDIATE")
  }

  /** A file that was removed can still be written to, but no one can read it. */
  const confirm = () => {
    if (statSync(file, { bigint: true, throwIfNoEntry: false })?.ino !== ino) {
      throw new Failure.Problem("unavailable", gone(file))
    }
  }

  const write = (records: ReadonlyArray<JobSink.JobRecord>) => {
    const latest = latestOfEach(records)
    return writeAll(latest).pipe(
      // A record that is rejected has spoiled what was written so far: all but it is written again, with more care.
      Effect.catchIf((error) => error.reason === "rejected", () => writeEach(latest)),
      Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Effect.sync(() => rollback(db)))
    )
  }

  const writeAll = Effect.fnUntraced(function*(records: ReadonlyArray<JobSink.JobRecord>) {
    yield* attempt(file, { step: "stage" }, begin)
    const receipts: Array<JobSink.Receipt> = []
    for (const record of records) receipts.push(yield* writer.write(record))
    return { receipts, rejections: none }
  })

  const writeEach = Effect.fnUntraced(function*(records: ReadonlyArray<JobSink.JobRecord>) {
    yield* attempt(file, { step: "stage" }, begin)
    const receipts: Array<JobSink.Receipt> = []
    const rejections: Array<JobSink.Rejection> = []
    for (const record of records) {
      const result = yield* Effect.result(writer.writeAlone(record))
      if (Result.isSuccess(result)) receipts.push(result.success)
      else if (result.failure.reason !== "rejected") return yield* result.failure
      else rejections.push({ batchId: record.batchId, jobId: record.jobId, error: result.failure })
    }
    return { receipts, rejections }
  })

  const stage = Effect.fnUntraced(function*(token: JobSink.CommitToken, records: ReadonlyArray<JobSink.JobRecord>) {
    const isDone = yield* attempt(file, { step: "stage" }, () => {
      if (staged !== undefined && staged.token !== token) {
        throw new Failure.Problem("conflict", "another batch is staged: commit or abort it first")
      }
      return staged === undefined && receiptsOf(token) !== undefined
    })
    if (isDone) return []
    staged = undefined
    const { receipts, rejections } = yield* write(records)
    staged = { token, records, receipts }
    return rejections
  })

  const publish = ({ receipts, token }: Staged) =>
    attempt(file, { step: "commit" }, () => {
      try {
        confirm()
        note.run(token, JSON.stringify(receipts))
        forget.run(remembered)
        db.exec("COMMIT")
      } catch (cause) {
        rollback(db)
        throw cause
      }
      staged = undefined
      return receipts
    })

  const commit = Effect.fnUntraced(function*(token: JobSink.CommitToken) {
    const batch = staged
    if (batch?.token !== token) return (yield* attempt(file, { step: "commit" }, () => receiptsOf(token))) ?? []
    if (!db.inTransaction) batch.receipts = (yield* write(batch.records)).receipts
    return yield* publish(batch)
  })

  const drop = () => {
    staged = undefined
    rollback(db)
  }

  return {
    stage: (token, records) => oneAtATime.withPermit(stage(token, records)),
    commit: (token) => oneAtATime.withPermit(commit(token)),
    abort: (token) =>
      oneAtATime.withPermit(attempt(file, { step: "abort" }, () => {
        if (staged?.token === token) drop()
      })),
    finish: ({ outcome }) =>
      oneAtATime.withPermit(attempt(file, { step: "finish" }, () => {
        drop()
        // A run that was stopped may be followed by one that commits its last batch again.
        if (outcome === "completed") db.exec("DELETE FROM commits")
        confirm()
        return mergeLog(db, file)
      }))
  }
}

const none: ReadonlyArray<JobSink.Rejection> = []

/** A job that is twice in a batch counts as its last record. */
const latestOfEach = (records: ReadonlyArray<JobSink.JobRecord>): ReadonlyArray<JobSink.JobRecord> => {
  const latest = new Map(records.map((record) => [JSON.stringify(StoredId.keyOf(record)), record]))
  return latest.size === records.length ? records : [...latest.values()]
}
