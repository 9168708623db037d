/**
 * The ledger in one SQLite file, for the run that writes it and for concurrent readers. After a kill at any instant it
 * holds complete calls only. Opening it takes the same few milliseconds whatever its size.
 */
import { Ledger, OptionError } from "@labelstream/core"
import { SqliteLock } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { existsSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { makeFolder, whyNot } from "./internal/folder.ts"
import { make as makeDriver } from "./internal/ledger/driver.ts"
import { inspect, migrate } from "./internal/ledger/file.ts"
import * as observing from "./internal/ledger/observed.ts"
import * as reads from "./internal/ledger/reads.ts"
import { reading, type Run, writing } from "./internal/ledger/service.ts"
import { attempt, type Database, ledgerError, open, type OpenOptions } from "./internal/ledger/sqlite.ts"
import * as upToDate from "./internal/ledger/upToDate.ts"
import * as writes from "./internal/ledger/writes.ts"

/** The path of the ledger. */
export interface Options {
  /**
   * Path of the file, made with its folder if missing. Beside it stand `-wal`, `-shm` and `-lock`. After a run the file
   * alone holds everything, unless another program has a read transaction open on it: then copy `-wal` as well. Costs
   * about 400 bytes per job. Not for network file systems, whose locks are not to be relied on.
   */
  readonly file: string
}

// Only a reader that sets up or leaves the log is ever waited for: that takes milliseconds.
const timeout = 1000
// 8 MiB of pages in memory, in SQLite's unit of KiB.
const cacheSize = -8 * 1024

/** Copies the log into the file as far as other readers allow, so that the file alone holds everything. */
const mergeLog = (db: Database): void => {
  try {
    db.pragma("busy_timeout = 0")
    db.pragma("wal_checkpoint(TRUNCATE)")
  } catch {
    // What is written is in the log: the next run finds it there.
  }
}

const opened = (
  file: string,
  options: OpenOptions,
  prepare: (db: Database) => void,
  end: (db: Database) => void = () => {}
) =>
  Effect.acquireRelease(
    attempt(file, () => {
      const db = open(file, options)
      try {
        prepare(db)
        return db
      } catch (cause) {
        db.close()
        throw cause
      }
    }),
    (db) =>
      Effect.ignore(attempt(file, () => {
        end(db)
        db.close()
      }))
  )

const inUse = (file: string, by: string) =>
  ledgerError("locked", `${file} is in use by ${by}. Wait for it to end, or use another ledger file.`)

/** Locks the ledger for the scope; fails at once with `locked` if another process has it. */
const lock = (file: string) =>
  Effect.acquireRelease(
    attempt(`${file}-lock`, () => SqliteLock.acquire({ file, open, inUse })),
    (release) => Effect.sync(release)
  )

const prepare = (folder: string) =>
  Effect.tryPromise({
    try: () => makeFolder(folder),
    catch: (cause) =>
      ledgerError("unavailable", `${folder}, the folder of the ledger, cannot be made: ${whyNot(cause)}.`, cause)
  })

const fileOf = (options: Options) => Effect.map(OptionError.text("file", options.file), (file) => resolve(file))

const make = Effect.fnUntraced(function*(options: Options) {
  const file = yield* fileOf(options)
  yield* prepare(dirname(file))
  yield* lock(file)
  const db = yield* opened(file, { timeout }, (db) => {
    const state = inspect(db, file)
    // Readers are not held up by the writer, nor the writer by them.
    db.pragma("journal_mode = WAL")
    db.pragma(`cache_size = ${cacheSize}`)
    if (state !== "current") migrate(db, file)
  }, mergeLog)
  const driver = makeDriver(db, () => write.forget())
  const observed = observing.inMemory(() => driver.synchronise(false))
  const read = reads.make(observed)
  const write = writes.make(read, observed, upToDate.make(observed))
  const run: Run = (program) => attempt(file, () => driver.run(program()))
  const transaction: Run = (program) => attempt(file, () => driver.transaction(program))
  return Ledger.takingTurns({
    ...reading(run, read),
    ...writing(run, transaction, write),
    transaction: (effect) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          yield* run(observed.write)
          yield* attempt(file, driver.open)
          const exit = yield* Effect.exit(restore(effect))
          yield* attempt(file, () => driver.end(Exit.isSuccess(exit), observed.forget))
          return yield* exit
        })
      )
  })
})

const makeReadOnly = Effect.fnUntraced(function*(options: Options) {
  const file = yield* fileOf(options)
  if (!existsSync(file)) {
    return yield* ledgerError("unavailable", `There is no ledger at ${file}. The first run makes it.`)
  }
  const db = yield* opened(file, { readonly: true, fileMustExist: true, timeout }, (db) => {
    const state = inspect(db, file)
    if (state === "current") return
    const why = state === "new" ? "is empty" : "is of an older format"
    throw ledgerError("unavailable", `${file} ${why}. A run on it makes it readable.`)
  })
  const driver = makeDriver(db, () => {})
  const refuse = Effect.fail(ledgerError("unavailable", `${file} was opened for reading only.`))
  return Ledger.Ledger.of({
    begin: refuse,
    end: () => refuse,
    observe: () => refuse,
    record: () => refuse,
    transaction: () => refuse,
    opened: () => refuse,
    closed: () => refuse,
    ...reading((program) => attempt(file, () => driver.run(program())), reads.make(observing.inTable))
  })
})

/**
 * Provides the ledger for a run, and takes the place of its only writer until the layer closes.
 *
 * Fails with `locked` at once where another process has that place (a killed one gives it back), `newer` and `damaged`
 * for a file that it must not write to, and `unavailable` where the file cannot be made or opened. An older format is
 * brought up to date first.
 *
 * `record` and `begin` are synced to the disk before they return, and so is `observe` where a page says something new.
 * Which jobs a run has observed is of use to that run alone, and does not survive the process: it is written before
 * `entries` reads what the run has not observed, unless there is nothing of that, and before another run begins.
 */
export const layer = (
  options: Options
): Layer.Layer<Ledger.Ledger, Ledger.LedgerError | OptionError.OptionError> =>
  Layer.effect(Ledger.Ledger, make(options))

/**
 * Provides the ledger for looking at it, while another process writes to it or not. Never makes a file; `begin`,
 * `end`, `observe` and `record` fail with `unavailable`.
 */
export const layerReadOnly = (
  options: Options
): Layer.Layer<Ledger.Ledger, Ledger.LedgerError | OptionError.OptionError> =>
  Layer.effect(Ledger.Ledger, makeReadOnly(options))
