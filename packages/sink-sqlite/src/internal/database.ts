/** Opens the sink's file: for the run that writes it, and for looking at it meanwhile. */
import type { JobSink } from "@labelstream/core/sink"
import { Failure, SqliteLock } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as fs from "node:fs"
import { dirname } from "node:path"
import { attempt, elsewhere } from "./failure.ts"
import { checkHeader, checkWritable, look, prepareTables } from "./schema.ts"
import { type Database, type Open, open, rollback } from "./sqlite.ts"

/** How to open a file for writing. */
export interface Settings {
  readonly file: string
  readonly durability: "fsync" | "process"
  readonly open: Open
}

// Other programs hold a lock for milliseconds, or for as long as a person reads.
const timeout = 1000
/** Pages in memory, in SQLite's unit of KiB. Random job ids touch pages all over the keys: less means reading again. */
const cacheSize = -16 * 1024
/** Pages of 4 KiB in the log before they are copied into the file: four times the default, for fewer random writes. */
const checkpoint = 4096
/** A log that a large job has made longer than this many bytes is cut back. */
const logLimit = 64 * 1024 * 1024

const prepare = (db: Database, { durability, file }: Settings): void => {
  // A file may come from anywhere: its triggers and views must not do more than read and write tables.
  db.pragma("trusted_schema = OFF")
  prepareTables(db, file)
  // Readers are not held up by the writer, nor the writer by them.
  if (db.pragma("journal_mode = WAL", { simple: true }) !== "wal") {
    throw new Failure.Problem(
      "misconfigured",
      `the disk of ${file} has no locks that can be relied on: choose a local one`
    )
  }
  db.pragma(`synchronous = ${durability === "fsync" ? "FULL" : "NORMAL"}`)
  db.pragma(`cache_size = ${cacheSize}`)
  db.pragma(`wal_autocheckpoint = ${checkpoint}`)
  db.pragma(`journal_size_limit = ${logLimit}`)
}

/**
 * Copies the log into the file, so that the file alone holds everything. Readers with an open transaction can prevent
 * that: then it returns what people must know. The file stays in WAL mode, since a reader would prevent a return to it.
 */
export const mergeLog = (db: Database, file: string): string | undefined => {
  const [{ checkpointed, log }] = db.pragma("wal_checkpoint(TRUNCATE)") as [{ checkpointed: number; log: number }]
  // Both are -1 if another connection is merging. It may wait for the same readers.
  const isMerged = log === checkpointed && (log >= 0 || logSize(file) === 0)
  return isMerged ?
    undefined :
    `Part of what is stored is in ${file}-wal, since a program has a read transaction open ` +
    `on ${file}. Copy both files together, or end that transaction and run: ${mergeCommand(file)}`
}

const logSize = (file: string): number => fs.statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0

const mergeCommand = (file: string): string =>
  `sqlite3 '${file.replaceAll("'", "'\\''")}' 'PRAGMA wal_checkpoint(TRUNCATE)'`

const close = (db: Database, file: string): void => {
  rollback(db)
  try {
    // Also after an interrupted run; `finish` has waited for readers before.
    db.pragma("busy_timeout = 0")
    mergeLog(db, file)
  } catch {
    // What is committed is in the log, and the next one to open the file finds it there.
  }
  db.close()
}

const lockOn = (file: string): SqliteLock.Target => ({
  file,
  open,
  inUse: (path, by) =>
    new Failure.Problem("conflict", `${path} is in use by ${by}. Wait for it to end, or choose another file.`)
})

/** Makes a folder and its parents, one by one: Node's own way never returns if none can be made, as in /proc. */
const makeFolder = (folder: string): void => {
  if (fs.existsSync(folder)) return
  makeFolder(dirname(folder))
  fs.mkdirSync(folder)
}

/** The nearest folder above a path that is there. */
const nearest = (folder: string): string => fs.existsSync(folder) ? folder : nearest(dirname(folder))

/**
 * Takes the writer's place, opens the file, makes or brings up to date its tables, and starts what writes to it. All of it
 * ends with the scope; where any of it fails, nothing is held.
 */
export const openWriter = <A>(
  settings: Settings,
  start: (db: Database) => A
): Effect.Effect<A, JobSink.SinkError, Scope.Scope> => {
  const { file } = settings
  const acquired = Effect.acquireRelease(
    attempt(file, { step: "open" }, () => {
      makeFolder(dirname(file))
      const release = SqliteLock.acquire(lockOn(file))
      let db: Database | undefined
      try {
        db = settings.open(file, { timeout })
        prepare(db, settings)
        return { db, release, started: start(db) }
      } catch (cause) {
        db?.close()
        release()
        throw cause
      }
    }),
    ({ db, release }) =>
      Effect.sync(() => {
        try {
          close(db, file)
        } finally {
          release()
        }
      })
  )
  return Effect.map(acquired, ({ started }) => started)
}

/** Opens the file for reading, while it is written to or not; undefined if nothing was ever committed to it. */
export const openReader = (file: string): Effect.Effect<Database | undefined, JobSink.SinkError, Scope.Scope> =>
  Effect.acquireRelease(
    attempt(file, { step: "inspect" }, () => {
      if (!fs.existsSync(file) || fs.statSync(file).size === 0) return undefined
      // Not with `readonly`: that would leave an empty log next to a file that nobody else has open.
      const db = open(file, { fileMustExist: true, timeout })
      try {
        db.pragma("query_only = ON")
        db.pragma("trusted_schema = OFF")
        if (look(db, file) !== "new") return db
        db.close()
        return undefined
      } catch (cause) {
        db.close()
        throw cause
      }
    }),
    (db) => Effect.sync(() => db?.close())
  )

/** Least free space that is worth starting with, in bytes. */
const leastSpace = 1024 * 1024

/** Whether a run could write the file. Looks at it without SQLite, which would leave files next to one in use. Throws. */
export const check = (file: string): void => {
  const folder = nearest(dirname(file))
  if (!fs.statSync(folder).isDirectory()) throw new Failure.Problem("misconfigured", `${folder} is not a folder`)
  fs.accessSync(folder, fs.constants.W_OK | fs.constants.X_OK)
  if (folder === dirname(file)) SqliteLock.checkFree(lockOn(file))
  if (fs.existsSync(file)) {
    if (!fs.statSync(file).isFile()) throw new Failure.Problem("misconfigured", `${file} is not a file. ${elsewhere}`)
    fs.accessSync(file, fs.constants.R_OK | fs.constants.W_OK)
    checkBeginning(file)
  }
  const { bavail, bsize } = fs.statfsSync(folder)
  if (bavail * bsize < leastSpace) {
    throw new Failure.Problem("unavailable", `less than a megabyte is free at ${folder}: make room and run again`)
  }
}

/** Reads the header, whose form SQLite's documentation fixes: https://sqlite.org/fileformat.html */
const checkBeginning = (file: string): void => {
  const header = Buffer.alloc(100)
  const fd = fs.openSync(file, "r")
  let read: number
  try {
    read = fs.readSync(fd, header, 0, header.length, 0)
  } finally {
    fs.closeSync(fd)
  }
  if (read === 0) return
  if (read < header.length || header.toString("latin1", 0, 16) !== "SQLite format 3\0") {
    throw new Failure.Problem("conflict", `${file} is not a SQLite database, or its beginning is damaged. ${elsewhere}`)
  }
  const [pages, version, id] = [header.readUInt32BE(28), header.readUInt32BE(60), header.readUInt32BE(68)]
  const isEmpty = pages <= 1 && version === 0 && id === 0
  if (isEmpty) return
  checkHeader(file, id, version)
  checkWritable(file, version)
}
