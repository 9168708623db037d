/** Temporary files, what is in them, and databases that can be made to fail. */
import type { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SqliteSink } from "../../src/index.ts"
import { type Database, type Open, open, type Statement } from "../../src/internal/sqlite.ts"
import { sha256 } from "./records.ts"

/** A folder that goes with the scope. */
export const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "labelstream-sqlite-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** A path in its own folder. */
export const temporaryFile = Effect.map(temporary, (folder) => join(folder, "labels.db"))

/** Every file of a folder with its hash. */
export const files = (folder: string): Record<string, string> =>
  Object.fromEntries(readdirSync(folder).sort().map((name) => [name, sha256(readFileSync(join(folder, name)))]))

/** Opens a database as any other program would, for the time of one use. */
export const using = <A>(file: string, use: (db: Database) => A): A => {
  const db = open(file, { timeout: 0, fileMustExist: true })
  try {
    return use(db)
  } finally {
    db.close()
  }
}

/** The answers to a query, rows as arrays. */
export const query = (file: string, sql: string): Array<Array<unknown>> =>
  using(file, (db) => db.prepare(sql).all().map((row) => Object.values(row as object)))

const tables = ["jobs", "annotations", "media", "attachments", "documents", "files", "problems", "receipts"]

/** Everything that is stored, in order; rowids and the memory of commits left out. Checks the file as well. */
export const contents = (file: string): Record<string, ReadonlyArray<unknown>> =>
  using(file, (db) => {
    const integrity = db.pragma("integrity_check", { simple: true })
    if (integrity !== "ok") throw new Error(String(integrity))
    return Object.fromEntries(
      tables.map((table) => [table, db.prepare(`SELECT * FROM ${table} ORDER BY 1, 2, 3, 4`).all()])
    )
  })

/** Everything that `inspect` answers. */
export const inspected = (file: string, depth: JobSink.InspectDepth = "content") =>
  Effect.map(Stream.runCollect(SqliteSink.make({ file }).inspect(depth)), (parts) => parts.flat())

/** Stages and commits one batch under a token. */
export const store = (sink: JobSink.OpenSink, token: string, records: ReadonlyArray<JobSink.JobRecord>) =>
  Effect.andThen(sink.stage(token, records), sink.commit(token))

/** A whole run over some batches. */
export const run = (
  options: SqliteSink.Options,
  batches: ReadonlyArray<ReadonlyArray<JobSink.JobRecord>>,
  completed = true
) =>
  Effect.scoped(Effect.gen(function*() {
    const sink = yield* SqliteSink.make(options).open
    for (const [index, batch] of batches.entries()) yield* store(sink, `run-${index}`, batch)
    yield* sink.finish({ outcome: completed ? "completed" : "stopped" })
  }))

/** Databases that ask before each statement that is run: what is thrown there is SQLite's answer. */
export const guarded = (before: (sql: string, db: Database) => void): Open => (file, options) => {
  const db = open(file, options)
  const asking = (sql: string, statement: Statement): Statement => ({
    run: (...values) => {
      before(sql, db)
      return statement.run(...values)
    },
    get: (...values) => {
      before(sql, db)
      return statement.get(...values)
    },
    all: (...values) => {
      before(sql, db)
      return statement.all(...values)
    },
    pluck: () => asking(sql, statement.pluck())
  })
  return {
    prepare: (sql) => asking(sql, db.prepare(sql)),
    exec: (sql) => {
      before(sql, db)
      db.exec(sql)
    },
    pragma: (sql, options) => db.pragma(sql, options),
    close: () => db.close(),
    get inTransaction() {
      return db.inTransaction
    }
  }
}

/** What SQLite throws. */
export const sqliteError = (code: string): Error => Object.assign(new Error(code), { name: "SqliteError", code })
