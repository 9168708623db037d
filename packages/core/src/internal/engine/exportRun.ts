import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ContentError } from "../../Content.ts"
import type { JobEvent, Options } from "../../Export.ts"
import type { GtStudio } from "../../GtStudio.ts"
import type { GtStudioError } from "../../GtStudioError.ts"
import type { JobSummary } from "../../Job.ts"
import { fetchWith, type Options as FetchOptions } from "../../JobFetch.ts"
import type { SinkError } from "../../JobSink.ts"
import {
  failureOf,
  type Ledger,
  type LedgerEntry,
  type LedgerError,
  type LedgerFailure,
  type Outcome
} from "../../Ledger.ts"
import type { ResultDocument } from "../../ResultDocument.ts"
import { listedOf, sameListed, type Selection } from "../../Selection.ts"
import type { ExportWatch } from "../telemetry/exportWatch.ts"
import {
  type Delivery,
  failedOutcome,
  hasStored,
  type Job,
  sameRevision,
  sizeOf,
  storedOutcome,
  unchangedOutcome,
  unsettled,
  watched
} from "./fetchedJob.ts"
import { forEachInLanes } from "./lanes.ts"
import type { Oldest } from "./oldest.ts"
import type { ParseBudget } from "./parseBudget.ts"
import type { Settled, SinkRunner } from "./sinkRunner.ts"
import type { BatchTally, Tally } from "./tally.ts"
import { type Task, tasks } from "./tasks.ts"

/** What ends a run at once: nothing that is still to come could succeed. */
export type Fatal = GtStudioError | ContentError | LedgerError | SinkError

/** One pass over the listings: a run in the ledger. Following a batch takes several. */
export interface Look {
  /** Number of the run in the ledger. */
  readonly run: number
  readonly selection: Selection
  /** The jobs that a refresh with a limit is for. */
  readonly oldest?: Oldest
}

export interface Setting {
  readonly gtStudio: GtStudio["Service"]
  readonly ledger: Ledger["Service"]
  readonly runners: ReadonlyArray<SinkRunner<Delivery, LedgerError>>
  readonly tally: Tally
  /** The look under way. */
  readonly look: () => Look
  /** Whether there may be a second look. */
  readonly follows: boolean
  readonly scope: Scope.Scope
  readonly concurrency: number
  readonly fetch: FetchOptions
  /** Which jobs the run is for, as `Export.Options` say. */
  readonly wanted: NonNullable<Options["wanted"]>
  readonly wantedResult: Options["wantedResult"]
  readonly limit: number
  readonly parseBudget: ParseBudget
  readonly onJob: (event: JobEvent) => void
  /** Told of what happens, where somebody wants to know. */
  readonly watch: ExportWatch | undefined
  /** Done when no further job is to be begun. */
  readonly stop: Deferred.Deferred<void>
  /** Done when jobs in flight are to be given up; fails with what makes going on useless. */
  readonly cut: Deferred.Deferred<void, Fatal>
}

/** Outcomes of single jobs that are recorded in one transaction, which costs a sync of the disk. */
const outcomesAtOnce = 32

const offer = (delivery: Delivery, runners: Setting["runners"]): Effect.Effect<unknown> =>
  runners.length === 1
    ? runners[0]!.offer(delivery)
    : Effect.forEach(runners, (runner) => runner.offer(delivery), { discard: true })

/** Everything that a run does with jobs, from the listing to the ledger. */
export const exportRun = (setting: Setting) => {
  const { concurrency, cut, follows, gtStudio, ledger, look, onJob, parseBudget, runners, scope, tally, watch } =
    setting
  const open = parseBudget.open.bind(parseBudget)

  // Jobs exported so far: a later look finds them unchanged, and they are not to be counted as found so.
  const exported = new Map(tally.batches.map((batch) => [batch, new Set<string>()]))
  // Jobs whose results were seen and not wanted: a later look does not fetch them, unless the listing says something new.
  const unwanted = new Map(tally.batches.map((batch) => [batch, new Set<string>()]))
  const isUnwanted = (batch: BatchTally, summary: JobSummary, known: LedgerEntry | null) =>
    unwanted.get(batch)?.has(summary.id) === true && known !== null && sameListed(known.listed, listedOf(summary))
  // Batches whose listing no later look can read.
  const unlistable = new Set<BatchTally>()

  const countUnchanged = (batch: BatchTally, jobId: string) => {
    if (follows && exported.get(batch)?.has(jobId) === true) batch.exported++
    else batch.unchanged++
  }

  const failJob = (batch: BatchTally, jobId: string, error: LedgerFailure) => {
    tally.fail(batch, jobId, error)
    onJob({ _tag: "Failed", batchId: batch.batchId, jobId, error })
  }

  // Outcomes of jobs that no sink stores: lost in a crash, they are found again.
  let waiting: Array<Outcome> = []

  /** Records outcomes with those that wait, in one transaction. */
  const record = (outcomes: ReadonlyArray<Outcome>) =>
    Effect.suspend(() => {
      const all = [...waiting, ...outcomes]
      waiting = []
      return all.length === 0 ? Effect.void : ledger.record(all)
    })

  /** Records an outcome when there are enough of them, or when a sink has stored something. */
  const recordLater = (outcome: Outcome) => waiting.push(outcome) < outcomesAtOnce ? Effect.void : record([])

  /** Records the failure of a job that never reached a sink. */
  const recordFailure = (batch: BatchTally, jobId: string, error: LedgerFailure) =>
    Effect.flatMap(Clock.currentTimeMillis, (at) => {
      failJob(batch, jobId, error)
      return recordLater({ _tag: "Failed", batch, jobId, error, at })
    })

  /** What to fetch of a job; it is marked as skipped where its result is not wanted. */
  const fetchOptions = (job: { readonly task: Task; skipped: boolean }): FetchOptions => {
    const { wantedResult } = setting
    const options = { ...setting.fetch, position: job.task.position }
    if (wantedResult === undefined) return options
    const names = { batchId: job.task.batch.batchId, jobId: job.task.summary.id }
    return {
      ...options,
      wanted: (document) => {
        const labels = new Set<string>()
        const rows: ResultDocument["rows"] = (ids) =>
          Stream.map(document.rows(ids), (decoded) => {
            for (const { label } of decoded.rows) if (labels.size < 20) labels.add(label)
            return decoded
          })
        return Effect.map(wantedResult({ ...document, rows }, names), (isWanted) => {
          job.skipped = !isWanted
          if (job.skipped) { for (const label of labels) tally.seen.labels.add(label) }
          return isWanted
        })
      }
    }
  }

  /** A job, or none where there is nothing to deliver. */
  const fetchJob = (task: Task): Effect.Effect<Job | undefined, Fatal> =>
    // A whole page may have left the listing before a stop: what is not begun is left for the next run.
    tally.stopped ? Effect.undefined : Effect.flatMap(Scope.fork(scope), (jobScope) => {
      tally.inFlight++
      const job = { task, scope: jobScope, skipped: false, ...unsettled }
      const fetched = fetchWith(gtStudio, task.batch, task.summary, fetchOptions(job), open)
      const whole = Effect.provideService(
        watch === undefined ? fetched : watch.job(task.batch, task.summary, fetched),
        Scope.Scope,
        jobScope
      )
      const left = Effect.onExitPrimitive(whole, (exit) => {
        tally.inFlight--
        return Exit.isSuccess(exit) ? undefined : Scope.close(jobScope, exit)
      })
      return Effect.matchEffect(left, {
        onSuccess: (record) => Effect.succeed({ ...job, record }),
        onFailure: (error): Effect.Effect<undefined, Fatal> =>
          error._tag === "GtStudioError" && !error.isFatal
            ? Effect.as(recordFailure(task.batch, task.summary.id, failureOf(error)), undefined)
            : Effect.fail(error)
      })
    })

  /** Gives a job to the sinks that lack it. */
  const deliver = (job: Job | undefined): Effect.Effect<unknown, LedgerError> => {
    if (job === undefined) return Effect.void
    const { batch, known, summary } = job.task
    if (job.skipped) {
      batch.listed--
      batch.skipped++
      if (follows) unwanted.get(batch)?.add(summary.id)
      return Scope.close(job.scope, Exit.void)
    }
    if (Option.isNone(job.record)) {
      batch.unfinished++
      return Effect.andThen(
        recordLater({ _tag: "Unfinished", batch, jobId: summary.id }),
        Scope.close(job.scope, Exit.void)
      )
    }
    const record = watched(job, job.record.value)
    const targets = runners.filter(({ sink }) => known === null || !hasStored(known, sink.id, record.revision))
    if (targets.length === 0) {
      countUnchanged(batch, summary.id)
      onJob({ _tag: "Unchanged", batchId: batch.batchId, jobId: summary.id })
      return Effect.flatMap(Clock.currentTimeMillis, (at) =>
        Effect.andThen(
          recordLater(unchangedOutcome(job, record, runners[0]?.sink.id, at)),
          Scope.close(job.scope, Exit.void)
        ))
    }
    job.pending = targets.length
    return offer({ record, bytes: sizeOf(record), job }, targets)
  }

  /** Notes what became of a sink's batch, and ends the jobs for which it was the last sink. */
  const settled = (runner: SinkRunner<Delivery, LedgerError>) =>
    Effect.fnUntraced(function*(batch: Settled<Delivery>) {
      const at = yield* Clock.currentTimeMillis
      const report = tally.sinks.get(runner.sink.id)
      const ended: Array<Job> = []
      const settle = (job: Job) => {
        job.pending--
        if (job.pending === 0) ended.push(job)
      }
      for (const { delivery, receipt } of batch.stored) {
        if (report !== undefined) {
          report.stored++
          report.bytes += receipt.bytes
        }
        settle(delivery.job)
      }
      for (const { delivery, error } of batch.failed) {
        delivery.job.failure ??= failureOf(error)
        settle(delivery.job)
      }
      const stored = batch.stored.map(({ delivery, receipt }) => storedOutcome(delivery, runner.sink.id, receipt, at))
      // A failure is noted after the receipts of all sinks, since the last outcome decides the stage.
      yield* record([...stored, ...ended.flatMap((job) => failedOutcome(job, at))])
      for (const job of ended) {
        count(job)
        yield* Scope.close(job.scope, Exit.void)
      }
      if (runner.failure !== undefined) {
        if (report !== undefined) report.error = runner.failure.message
        if (runners.every(({ failure }) => failure !== undefined)) yield* Deferred.fail(cut, runner.failure)
      }
    })

  const count = (job: Job) => {
    const { batch, known, summary } = job.task
    if (job.failure !== undefined) return failJob(batch, summary.id, job.failure)
    if (Option.isNone(job.record)) return
    const record = job.record.value
    const bytes = sizeOf(record)
    batch.exported++
    batch.bytes += bytes
    tally.look.exported++
    tally.look.bytes += bytes
    if (follows) exported.get(batch)?.add(summary.id)
    const isChanged = known?.revision != null && !sameRevision(known.revision, record.revision)
    if (isChanged) batch.changed++
    if (record.parsed.resultType === "unknown") {
      batch.unknown++
      batch.unknownExample ??= summary.id
    }
    const fields = [...record.summary.problems ?? [], ...record.result.problems ?? []]
    batch.problems += fields.length + job.problems
    const problem = fields[0] ?? job.firstProblem
    if (problem !== undefined) batch.problemExample ??= { jobId: summary.id, ...problem }
    onJob({ _tag: "Exported", batchId: batch.batchId, jobId: summary.id, changed: isChanged })
  }

  /** Jobs that a batch had and that its whole listing no longer names. */
  const countVanished = (batch: BatchTally) =>
    !batch.isListed || look().selection._tag === "Retry" ? Effect.void : Stream.runForEach(
      ledger.entries({ batch, notObservedIn: look().run }),
      (entries) =>
        Effect.sync(() => {
          for (const { jobId, receipts } of entries) {
            if (receipts.length === 0) continue
            batch.vanished++
            onJob({ _tag: "Vanished", batchId: batch.batchId, jobId })
          }
        })
    )

  const cannotList = (batch: BatchTally) => unlistable.add(batch)
  const listed = tasks(setting, { failJob, countUnchanged, isUnwanted, cannotList })
  /** A job that was fetched is delivered, also when the run is cut while it waits for room. */
  const fetchAndDeliver = (task: Task) =>
    Effect.uninterruptibleMask((restore) => Effect.flatMap(restore(fetchJob(task)), deliver))

  return {
    settled,
    /** Whether a later look at the batch can find more. */
    isInWork: (batch: BatchTally) => batch.unfinished > 0 || (!batch.isListed && !unlistable.has(batch)),
    /** Lists, fetches and delivers, until there is nothing more or the run is cut. */
    jobs: Effect.raceFirst(
      forEachInLanes(listed, concurrency, fetchAndDeliver),
      Deferred.await(cut)
    ),
    /** Records the outcomes that wait. */
    recorded: record([]),
    vanished: Effect.suspend(() => Effect.forEach(tally.batches, countVanished, { discard: true }))
  }
}
