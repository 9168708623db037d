/**
 * The ledger in one SQLite file: for the run that writes it, and for others that read it meanwhile. Killed at any
 * instant it holds whole calls only; opening it takes the same few milliseconds whatever its size.
 */
import { type Job, Ledger } from "@labelstream/core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { existsSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { makeFolder, whyNot } from "./internal/folder.ts"
import * as audits from "./internal/ledgerAudit.ts"
import { lock } from "./internal/ledgerLock.ts"
import * as reads from "./internal/ledgerReads.ts"
import { inspect, migrate } from "./internal/ledgerSchema.ts"
import * as writes from "./internal/ledgerWrites.ts"
import { attempt, type Database, ledgerError, open, type OpenOptions } from "./internal/sqlite.ts"

/** Where the ledger stands. */
export interface Options {
  /**
   * Path of the file, made with its folder if missing. Beside it stand `-wal`, `-shm` and `-lock`. Costs some
   * 400 bytes a job. Not for network file systems, whose locks are not to be relied on.
   */
  readonly file: string
}

// Only a reader that sets up or leaves the log is ever waited for: that takes milliseconds.
const timeout = 1000
// 8 MiB of pages in memory, in SQLite's unit of KiB.
const cacheSize = -8 * 1024

const opened = (file: string, options: OpenOptions, prepare: (db: Database) => void) =>
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
    (db) => Effect.ignore(attempt(file, () => db.close()))
  )

/** A walk step by step, each when it is asked for; steps without anything are left out. */
const steps = <A>(
  file: string,
  first: () => reads.Position | undefined,
  walk: (at: reads.Position) => { readonly entries: ReadonlyArray<A>; readonly next: reads.Position | undefined }
): Stream.Stream<ReadonlyArray<A>, Ledger.LedgerError> =>
  Stream.unwrap(Effect.map(
    attempt(file, first),
    (position) =>
      position === undefined ? Stream.empty : Stream.paginate(position, (at) =>
        Effect.map(
          attempt(file, () => walk(at)),
          ({ entries, next }) => [entries.length === 0 ? [] : [entries], Option.fromUndefinedOr(next)] as const
        ))
  ))

/** `write` is there where runs may have observed what is not written yet. */
const reading = (
  file: string,
  read: ReturnType<typeof reads.make>,
  audit: ReturnType<typeof audits.make>,
  write?: ReturnType<typeof writes.make>
) => ({
  entries: (filter: Ledger.EntryFilter) => {
    const { batch, notObservedIn: run } = filter
    const isNone = () => run !== undefined && batch !== undefined && write?.hasObservedAll(run, batch) === true
    const written = () => run === undefined ? undefined : write?.writeObserved()
    return steps(
      file,
      () => isNone() ? undefined : (written(), read.first(filter)),
      (at) => (written(), read.walk(at, filter))
    )
  },
  runs: Stream.paginate(
    Number.MAX_SAFE_INTEGER,
    (before) =>
      Effect.map(attempt(file, () => read.runs(before)), (runs) => {
        const next = runs.length === reads.step ? Option.fromUndefinedOr(runs.at(-1)?.run) : Option.none()
        return [runs.length === 0 ? [] : [runs], next] as const
      })
  ),
  find: (batch: Job.BatchRef, ids: ReadonlyArray<string>) =>
    attempt(file, () => {
      const known = read.batchId(batch)
      return known === undefined
        ? ids.map(() => null)
        : read.find(batch, known, ids).map((found) => found?.entry ?? null)
    }),
  counts: (batch: Job.BatchRef) => attempt(file, () => read.counts(batch)),
  hasReceipts: (sink: string) => attempt(file, () => read.hasReceipts(sink)),
  countReceipts: (sink: string) => attempt(file, () => read.countReceipts(sink)),
  audit: (sink: string) =>
    Effect.map(attempt(file, () => audit(sink)), ({ check, walk }): Ledger.Audit => ({
      check: (found, besides) => attempt(file, () => check(found, besides)),
      unchecked: steps(file, () => read.first({}), walk)
    }))
})

const prepare = (folder: string) =>
  Effect.tryPromise({
    try: () => makeFolder(folder),
    catch: (cause) =>
      ledgerError("unavailable", `${folder} cannot be made, where the ledger is to stand: ${whyNot(cause)}.`, cause)
  })

const make = Effect.fnUntraced(function*(options: Options) {
  const file = resolve(options.file)
  yield* prepare(dirname(file))
  yield* lock(file)
  const db = yield* opened(file, { timeout }, (db) => {
    const state = inspect(db, file)
    // Readers are not held up by the writer, nor the writer by them.
    db.pragma("journal_mode = WAL")
    db.pragma(`cache_size = ${cacheSize}`)
    if (state !== "current") migrate(db, file)
  })
  const read = yield* attempt(file, () => reads.make(db))
  const audit = yield* attempt(file, () => audits.make(db, read))
  const write = yield* attempt(file, () => writes.make(db, read))
  return Ledger.takingTurns({
    begin: Effect.flatMap(Clock.currentTimeMillis, (now) => attempt(file, () => write.begin(now))),
    end: (run, end) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => attempt(file, () => write.endRun(run, now, end))),
    observe: (run, batch, page, sinks) => attempt(file, () => write.observe(run, batch, page, sinks)),
    record: (outcomes) => attempt(file, () => write.record(outcomes)),
    opened: (sink) => attempt(file, () => write.opened(sink)),
    closed: (sink) => attempt(file, () => write.closed(sink)),
    atomically: (effect) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          yield* attempt(file, write.open)
          const exit = yield* Effect.exit(restore(effect))
          yield* attempt(file, () => write.end(Exit.isSuccess(exit)))
          return yield* exit
        })
      ),
    ...reading(file, read, audit, write)
  })
})

const makeReadOnly = Effect.fnUntraced(function*(options: Options) {
  const file = resolve(options.file)
  if (!existsSync(file)) {
    return yield* ledgerError("unavailable", `There is no ledger at ${file}. The first run makes it.`)
  }
  const db = yield* opened(file, { readonly: true, fileMustExist: true, timeout }, (db) => {
    const state = inspect(db, file)
    if (state === "current") return
    const why = state === "new" ? "is empty" : "is of an older format"
    throw ledgerError("unavailable", `${file} ${why}. A run on it makes it readable.`)
  })
  const read = yield* attempt(file, () => reads.make(db))
  const audit = yield* attempt(file, () => audits.make(db, read))
  const refuse = Effect.fail(ledgerError("unavailable", `${file} was opened for reading only.`))
  return Ledger.Ledger.of({
    begin: refuse,
    end: () => refuse,
    observe: () => refuse,
    record: () => refuse,
    atomically: () => refuse,
    opened: () => refuse,
    closed: () => refuse,
    ...reading(file, read, audit)
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
export const layer = (options: Options): Layer.Layer<Ledger.Ledger, Ledger.LedgerError> =>
  Layer.effect(Ledger.Ledger, make(options))

/**
 * Provides the ledger for looking at it, while another process writes to it or not. Never makes a file; `begin`,
 * `end`, `observe` and `record` fail with `unavailable`.
 */
export const layerReadOnly = (options: Options): Layer.Layer<Ledger.Ledger, Ledger.LedgerError> =>
  Layer.effect(Ledger.Ledger, makeReadOnly(options))
