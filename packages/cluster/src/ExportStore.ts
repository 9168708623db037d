/**
 * The records of exports that the runners of a cluster share, next to the ledger: the requests, the slices of their jobs, and
 * the outcome of each job in each run. Every job counts once, even if a killed runner's work is done again.
 */
import { type ExportReport, type Job, Ledger } from "@labelstream/core"
import { steps } from "@labelstream/node/LedgerSql"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as DatabaseTime from "./internal/databaseTime.ts"
import { type ExportEnd, type ExportRow, make as makeExports } from "./internal/exportRows.ts"
import { type Lease, make as makeLeases } from "./internal/leaseRows.ts"
import { fromPrograms, programs, readingWith } from "./internal/ledger.ts"
import { make as makeJobs, notPlaced, type Placed, type SliceJob } from "./internal/run/runJobs.ts"
import { type BatchNote, make as makeProgress, type RunProgress, type SliceExtra } from "./internal/run/runProgress.ts"
import { migrate } from "./internal/schema.ts"
import { reading, transaction } from "./internal/statements.ts"
import { make as makeWriters, type Process, type Writer } from "./internal/writerRows.ts"

export type { ExportEnd, ExportRow } from "./internal/exportRows.ts"
export type { Lease } from "./internal/leaseRows.ts"
export type { JobOutcome, Placed, SliceJob } from "./internal/run/runJobs.ts"
export type { BatchNote, RunProgress, SliceExtra } from "./internal/run/runProgress.ts"
export type { Process, Writer } from "./internal/writerRows.ts"

/** The exports of a cluster. Each call is atomic and durable when it returns; any number of runners may call at once. */
export class ExportStore extends Context.Service<ExportStore, {
  /** Joins the export of this key that is running, or registers a new one of the next generation. */
  readonly submit: (
    key: string,
    request: string
  ) => Effect.Effect<{ readonly row: ExportRow; readonly isNew: boolean }, Ledger.LedgerError>
  readonly find: (id: string) => Effect.Effect<Option.Option<ExportRow>, Ledger.LedgerError>
  /** Returns the latest exports, the latest first. */
  readonly list: (limit: number) => Effect.Effect<ReadonlyArray<ExportRow>, Ledger.LedgerError>
  /** Asks an export to stop. Returns whether it was running. */
  readonly requestStop: (id: string) => Effect.Effect<boolean, Ledger.LedgerError>
  /** Returns which of these running exports were asked to stop. */
  readonly stopping: (ids: ReadonlyArray<string>) => Effect.Effect<ReadonlySet<string>, Ledger.LedgerError>
  /** Begins the run of an export in the ledger, once: a second call returns the same run. */
  readonly begin: (
    id: string
  ) => Effect.Effect<{ readonly run: number; readonly startedAt: number }, Ledger.LedgerError>
  /**
   * Ends an export and its run, unless they have ended already. This call or a later one deletes the rows of its jobs: read
   * `progress` before.
   */
  readonly end: (id: string, end: ExportEnd) => Effect.Effect<void, Ledger.LedgerError>
  /**
   * Records the decision on each job of a page. A job that this run has placed already stays as it was, so that a repeated
   * listing changes nothing.
   */
  readonly place: (
    run: number,
    batch: Job.BatchRef,
    jobs: ReadonlyArray<Placed>
  ) => Effect.Effect<void, Ledger.LedgerError>
  /** Returns all slices of a run that have jobs, in order. */
  readonly slices: (
    run: number
  ) => Effect.Effect<ReadonlyArray<{ readonly slice: number; readonly jobs: number }>, Ledger.LedgerError>
  /** Records how the listing of a batch ended, in place of an earlier record. */
  readonly noteBatch: (run: number, batch: Job.BatchRef, note: BatchNote) => Effect.Effect<void, Ledger.LedgerError>
  /** Returns the jobs of a slice, in order of batch and job id, as they were last listed. */
  readonly sliceJobs: (run: number, slice: number) => Effect.Effect<ReadonlyArray<SliceJob>, Ledger.LedgerError>
  /** Gives a lease on a slice of a run, which ends an earlier lease on it. Slice 0 is for work outside of slices. */
  readonly lease: (run: number, slice: number) => Effect.Effect<Lease, Ledger.LedgerError>
  /**
   * Returns the ledger for the work on one run. `begin` returns the run, and `end` does nothing. A job is `repeated` only
   * within a page. `entries` that this run has not observed are those that were not placed in it.
   *
   * `record` also records the outcomes of jobs in this run, in the same transaction. Stored jobs are exported, and changed if
   * another revision was known; they stay so if they are found unchanged later. A job that was not placed in the run does not
   * count. Stored jobs count for the slice of the lease.
   *
   * With a lease, an outcome changes nothing if the job was recorded under a later lease, and its time is the database's.
   */
  readonly ledger: (run: number, lease?: Lease) => Ledger.Ledger["Service"]
  /** Records that the run is not for these jobs: `listed` does not count them. */
  readonly skip: (
    run: number,
    batch: Job.BatchRef,
    jobIds: ReadonlyArray<string>
  ) => Effect.Effect<void, Ledger.LedgerError>
  /**
   * Ends the slice of a lease, which was done for these jobs: those without an outcome were unchanged. `extra` replaces that
   * of an earlier attempt. Not for a slice that was stopped, whose jobs remain. Returns false, and records nothing, if another
   * lease on the slice was given meanwhile.
   */
  readonly endSlice: (
    run: number,
    lease: Lease,
    jobs: ReadonlyArray<Ledger.JobKey & Job.BatchRef>,
    extra: SliceExtra
  ) => Effect.Effect<boolean, Ledger.LedgerError>
  /** Returns the slices with jobs without an outcome: slices that were stopped, or got jobs after they were done. */
  readonly pending: (run: number) => Effect.Effect<ReadonlyArray<number>, Ledger.LedgerError>
  /**
   * Records the address of the runner that has a branch open for an export. `process` names the process at that address, as
   * `Lock.identity` of `@labelstream/storage` does.
   */
  readonly openWriter: (
    writer: string,
    exportId: string,
    runner: string,
    process: string
  ) => Effect.Effect<void, Ledger.LedgerError>
  /** Records what an export waits for, for people; null ends the wait. */
  readonly waitFor: (id: string, what: string | null) => Effect.Effect<void, Ledger.LedgerError>
  /** Returns those of these writers of branches that were recorded. */
  readonly writers: (names: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Writer>, Ledger.LedgerError>
  /** Returns every process that was recorded with `openWriter`. */
  readonly processes: Effect.Effect<ReadonlyArray<Process>, Ledger.LedgerError>
  /** Returns the counts of a run so far. */
  readonly progress: (run: number) => Effect.Effect<RunProgress, Ledger.LedgerError>
}>()("@labelstream/cluster/ExportStore") {}

/** Returns the counts of a run as the ledger keeps them. */
export const runEnd = (
  outcome: Ledger.RunEnd["outcome"],
  { batches }: Pick<RunProgress, "batches">
): Ledger.RunEnd => {
  const sum = (of: (batch: ExportReport.BatchReport) => number) => batches.reduce((all, batch) => all + of(batch), 0)
  return {
    outcome,
    listed: sum(({ listed }) => listed),
    exported: sum(({ exported }) => exported),
    unchanged: sum(({ unchanged }) => unchanged),
    unfinished: sum(({ unfinished }) => unfinished),
    failed: sum(({ failed }) => failed),
    bytes: sum(({ bytes }) => bytes)
  }
}

/** Makes the store on a `SqlClient`, and its tables if they are missing. */
export const make: Effect.Effect<ExportStore["Service"], Ledger.LedgerError, SqlClient.SqlClient> = Effect.gen(
  function*() {
    yield* migrate
    const sql = yield* SqlClient.SqlClient
    const ledgerPrograms = programs(sql)
    const { forget: forgetRows, read, run: runProgram, write } = ledgerPrograms
    const ledger = fromPrograms(sql, ledgerPrograms)
    const exports = makeExports(sql)
    const jobs = makeJobs(sql, ledgerPrograms)
    const leases = makeLeases(sql)
    const writers = makeWriters(sql)
    const { noteBatch, progress } = makeProgress(sql)

    const writing = <A, R>(body: Effect.Effect<A, SqlError | Ledger.LedgerError, R>) =>
      Effect.onError(transaction(sql, body), () => forgetRows)

    /** Forgets the rows of runs that have ended, bit by bit. */
    const forget: Effect.Effect<void, Ledger.LedgerError> = Effect.gen(function*() {
      for (;;) {
        const run = yield* reading(exports.forgettable)
        if (run === undefined) return
        while (!(yield* writing(exports.forget(run)))) yield* Effect.yieldNow
      }
    })

    return ExportStore.of({
      submit: (key, request) => writing(exports.submit(key, request)),
      find: (id) => Effect.map(reading(exports.find(id)), Option.fromUndefinedOr),
      list: (limit) => reading(exports.list(limit)),
      requestStop: (id) => writing(exports.requestStop(id)),
      stopping: (ids) => reading(exports.stopping(ids)),
      begin: (id) =>
        writing(exports.begin(
          id,
          Effect.flatMap(DatabaseTime.now(sql), (now) => runProgram(() => write.begin(now)))
        )),
      end: Effect.fnUntraced(function*(id, end) {
        yield* writing(Effect.gen(function*() {
          const ended = yield* exports.end(id, end)
          const { runEnd } = end
          if (ended !== undefined && runEnd !== null) {
            yield* runProgram(() => write.endRun(ended.run, ended.at, runEnd))
          }
        }))
        yield* forget
      }),
      place: (run, batch, placed) => placed.length === 0 ? Effect.void : writing(jobs.place(run, batch, placed)),
      slices: (run) => reading(jobs.slices(run)),
      noteBatch: (run, batch, note) =>
        writing(
          Effect.flatMap(runProgram(() => write.batchesOf([batch])), (batchOf) => noteBatch(run, batchOf(batch), note))
        ),
      sliceJobs: (run, slice) => reading(jobs.sliceJobs(run, slice)),
      lease: (run, slice) => writing(leases.take(run, slice)),
      ledger: (run, lease) => ({
        ...ledger,
        begin: Effect.succeed(run),
        end: () => Effect.void,
        observe: (_, batch, page) => Effect.map(ledger.observe(run, batch, page), onceEach),
        record: (outcomes) =>
          outcomes.length === 0 ? Effect.void : Effect.flatMap(
            Clock.currentTimeMillis,
            (now) => {
              const by = lease === undefined ? undefined : { lease: lease.number, at: now + lease.ahead }
              return writing(jobs.record(run, lease?.slice ?? 0, outcomes, by))
            }
          ),
        entries: (filter) =>
          steps(
            readingWith(ledgerPrograms),
            () => read.first(filter),
            (at) => read.walk(at, filter, filter.notObservedIn === run ? notPlaced : undefined)
          )
      }),
      skip: (run, batch, ids) => ids.length === 0 ? Effect.void : writing(jobs.skip(run, batch, ids)),
      endSlice: (run, lease, done, extra) =>
        writing(Effect.gen(function*() {
          const isLatest = yield* leases.isLatest(run, lease)
          if (isLatest) yield* jobs.endSlice(run, lease.slice, done, JSON.stringify(extra))
          return isLatest
        })),
      openWriter: (writer, exportId, runner, process) => writing(writers.open(writer, exportId, runner, process)),
      writers: (names) => reading(writers.find(names)),
      processes: reading(writers.processes),
      waitFor: (id, what) => writing(exports.waitFor(id, what)),
      pending: (run) => reading(jobs.pending(run)),
      progress: (run) => reading(progress(run))
    })
  }
)

/** Lets a job be repeated only within its page: the run may have observed the page before. */
const onceEach = (observations: ReadonlyArray<Ledger.Observation>): ReadonlyArray<Ledger.Observation> => {
  const met = new Set<string>()
  return observations.map((one) => {
    const repeated = met.has(one.summary.id)
    met.add(one.summary.id)
    return { ...one, repeated }
  })
}

/** Provides the store. */
export const layer: Layer.Layer<ExportStore, Ledger.LedgerError, SqlClient.SqlClient> = Layer.effect(ExportStore, make)
