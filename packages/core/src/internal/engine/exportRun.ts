import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { BatchRef } from "../../Job.ts"
import { fetchWith, type Options as FetchOptions } from "../../JobFetch.ts"
import { failureOf, isPermanent, type LedgerError } from "../../Ledger.ts"
import type { ResultDocument } from "../../ResultDocument.ts"
import { TriesOnce } from "../../RetryPolicy.ts"
import { listedOf, sameListed } from "../../Selection.ts"
import {
  attemptsOf,
  type Delivery,
  endedEvent,
  gain,
  type Job,
  sizeOf,
  type Task,
  unsettled,
  watched
} from "./fetchedJob.ts"
import { openUnparsed } from "./openUnparsed.ts"
import { failedOutcome, heldOutcomes, Outcomes, storedOutcome, unchangedOutcome } from "./outcomes.ts"
import type { Fatal, Runner, Setting } from "./setting.ts"
import type { Settled } from "./sinkRunner.ts"
import { tasks } from "./tasks.ts"
import { forEachWorker } from "./workers.ts"

const offer = (delivery: Delivery, runners: ReadonlyArray<Runner>): Effect.Effect<unknown> =>
  runners.length === 1
    ? runners[0]!.offer(delivery)
    : Effect.forEach(runners, (runner) => runner.offer(delivery), { discard: true })

/** Whether a job has failed so often that waiting for it will hardly help, and is listed as it was then. */
const hasFailedForGood = ({ known, summary }: Task): boolean =>
  known !== null && known.stage === "failed" && known.error !== null && isPermanent(known.error, known.attempts) &&
  sameListed(known.listed, listedOf(summary))

/** How many labels of results that the filter excludes are reported. */
const mostLabels = 20

/** Everything that a run does with jobs, from the listing to the ledger. */
export const exportRun = (setting: Setting) => {
  const { concurrency, cut, earlier, events, gtStudio, ledger, pass, runners, scope, watch } = setting
  const outcomes = new Outcomes(ledger)

  /** Chooses what to fetch of a job. Records its labels, and marks it as skipped if the filter excludes its result. */
  const fetchOptions = (job: Omit<Job, "record">): FetchOptions => {
    const { filterResult } = setting
    const { batch: { batchId }, position, summary: { id: jobId } } = job.task
    const options: FetchOptions = {
      ...setting.fetch,
      position,
      onUnsized: (unsized) => {
        job.unsized = unsized
      },
      onUnreachable: (unreachable) => {
        job.unreachable = unreachable
      }
    }
    return filterResult === undefined ? options : {
      ...options,
      filter: (document) => {
        const labels = new Set<string>()
        const rows: ResultDocument["rows"] = (ids) =>
          Stream.map(document.rows(ids), (decoded) => {
            for (const { label } of decoded.rows) if (labels.size < mostLabels) labels.add(label)
            return decoded
          })
        return Effect.map(filterResult({ ...document, rows }, { batchId, jobId }), (isWanted) => {
          if (!isWanted) job.skipped = Array.from(labels)
          return isWanted
        })
      }
    }
  }

  /** A job, or none if there is nothing to deliver. Begins at once. */
  const fetchJob = (task: Task): Effect.Effect<Job | undefined, Fatal> => {
    // A whole page may have left the listing before a stop: what is not begun is left for the next run.
    if (events.report.stopped) return Effect.undefined
    const jobScope = Scope.forkUnsafe(scope)
    const { batch, summary } = task
    const ids = { ...batch, jobId: summary.id }
    events.emit({ _tag: "Fetching", ...ids })
    const job: Omit<Job, "record"> = { task, scope: jobScope, ...unsettled }
    const fetched = fetchWith(gtStudio, batch, summary, fetchOptions(job), openUnparsed)
    const traced = watch.job(batch, summary, fetched)
    const patient = hasFailedForGood(task) && pass().selection._tag !== "Retry"
      ? Effect.provideService(traced, TriesOnce, true)
      : traced
    const whole = Effect.provideService(patient, Scope.Scope, jobScope)
    const left = Effect.onExitPrimitive(whole, (exit) => {
      events.emit({ _tag: "Fetched", ...ids })
      return Exit.isSuccess(exit) ? undefined : Scope.close(jobScope, exit)
    })
    return Effect.matchEffect(left, {
      onSuccess: (record) => Effect.succeed({ ...job, record }),
      onFailure: (failed): Effect.Effect<undefined, Fatal> => {
        if (failed._tag !== "GtStudioError" || failed.isFatal) return Effect.fail(failed)
        const error = failureOf(failed)
        return Effect.flatMap(Clock.currentTimeMillis, (at) => {
          events.emit({ _tag: "Failed", ...ids, error, attempts: attemptsOf(task.known) })
          return Effect.as(
            outcomes.recordLater({ _tag: "Failed", batch, jobId: summary.id, error, at }),
            undefined
          )
        })
      }
    })
  }

  /** Reports inputs that could not be fetched, also of a job that every sink holds: they may be why it was fetched. */
  const emitUnreachable = ({ task: { batch, summary: { id: jobId } }, unreachable }: Job) => {
    if (unreachable.length > 0) events.emit({ _tag: "Unreachable", ...batch, jobId, unreachable })
  }

  /** Gives a job to the sinks that lack it. */
  const deliver = (job: Job | undefined): Effect.Effect<unknown, LedgerError> => {
    if (job === undefined) return Effect.void
    const { batch, known, summary: { id: jobId } } = job.task
    const close = Scope.close(job.scope, Exit.void)
    if (job.skipped !== undefined) {
      events.emit({ _tag: "Skipped", ...batch, jobIds: [jobId], statuses: [], labels: job.skipped })
      earlier.addUnwanted(batch, jobId)
      return close
    }
    if (Option.isNone(job.record)) {
      events.emit({ _tag: "Unfinished", ...batch, jobIds: [jobId] })
      return Effect.andThen(outcomes.recordLater({ _tag: "Unfinished", batch, jobId }), close)
    }
    const record = watched(job, job.record.value)
    // Sizes are not part of the revision, so a refresh for sizes also stores unchanged jobs in sinks that replace jobs.
    const isForSizes = setting.fetch.sizes !== undefined && pass().selection._tag === "Refresh"
    const targets = runners.filter(({ sink: { capabilities, id } }) => {
      const more = gain(known, id, record)
      if (more === undefined) return true
      // Inputs are not part of it either: a sink gets those that it lacks, and is never given less than it has.
      return capabilities.keying === "upsert" && (more > 0 || (isForSizes && more === 0))
    })
    job.targets = targets.length
    const delivery = { record, bytes: sizeOf(record), job }
    if (targets.length === runners.length) return offer(delivery, targets)
    const holding = runners.filter((runner) => !targets.includes(runner)).map(({ sink }) => sink.id)
    return Effect.flatMap(Clock.currentTimeMillis, (at) => {
      const held = heldOutcomes(job, record, holding, setting.fetch.attachments, at)
      if (targets.length > 0) return Effect.andThen(outcomes.recordLater(...held), offer(delivery, targets))
      const isExported = earlier.hasExported(batch, jobId)
      events.emit({ _tag: "Unchanged", ...batch, jobIds: [jobId], isFetched: true, isExported })
      emitUnreachable(job)
      const isStored = held.some(({ _tag }) => _tag === "Stored")
      const all = isStored ? held : [...held, unchangedOutcome(job, record, at)]
      return Effect.andThen(outcomes.recordLater(...all), close)
    })
  }

  /** Records what became of a sink's batch, and ends the jobs for which it was the last sink. */
  const settled = (runner: Runner) =>
    Effect.fnUntraced(function*(batch: Settled<Delivery>) {
      const at = yield* Clock.currentTimeMillis
      const sink = runner.sink.id
      const ended: Array<Job> = []
      const settle = (job: Job) => {
        job.settled++
        if (job.settled === job.targets) ended.push(job)
      }
      for (const { delivery } of batch.stored) settle(delivery.job)
      for (const { delivery, error } of batch.failed) {
        delivery.job.failure ??= failureOf(error)
        settle(delivery.job)
      }
      if (batch.stored.length > 0) {
        const receipts = batch.stored.map(({ receipt }) => receipt)
        events.emit({ _tag: "Stored", sink, receipts, isBackfill: false })
      }
      const stored = batch.stored.map(({ delivery, receipt }) =>
        storedOutcome(delivery, sink, receipt, setting.fetch.attachments, at)
      )
      // A failure is recorded after the receipts of all sinks, since the last outcome decides the stage.
      yield* outcomes.record([...stored, ...ended.flatMap((job) => failedOutcome(job, at))])
      for (const job of ended) {
        const event = endedEvent(job)
        if (event !== undefined) events.emit(event)
        if (event?._tag === "Exported") {
          const { batch, summary: { id: jobId } } = job.task
          if (job.unsized.length > 0) events.emit({ _tag: "Unsized", ...batch, jobId, unsized: job.unsized })
          emitUnreachable(job)
        }
        if (job.failure === undefined) earlier.addExported(job.task.batch, job.task.summary.id)
        yield* Scope.close(job.scope, Exit.void)
      }
      const { failure } = runner
      if (failure === undefined) return
      if (events.report.sinks.some(({ error, id }) => id === sink && error === null)) {
        events.emit({ _tag: "SinkFailed", sink, message: failure.message })
      }
      if (runners.every(({ failure }) => failure !== undefined)) yield* Deferred.fail(cut, failure)
    })

  /** Reports the stored jobs of a batch that its complete listing no longer names. */
  const tellDelisted = (batch: BatchRef) =>
    Stream.runForEach(ledger.entries({ batch, notObservedIn: pass().run }), (entries) =>
      Effect.map(events.room, () => {
        const jobIds = entries.flatMap(({ jobId, receipts }) => receipts.length === 0 ? [] : [jobId])
        if (jobIds.length > 0) events.emit({ _tag: "Delisted", ...batch, jobIds })
      }))

  /** A job that was fetched is delivered, also when the run is cut while it waits for room. */
  const fetchAndDeliver = (task: Task) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(Effect.suspend(() => Effect.flatMapEager(events.room, () => fetchJob(task)))), deliver)
    )

  return {
    settled,
    /** Whether a later pass over the batches can find more. */
    hasMore: () =>
      events.report.batches.some(({ isListed, unfinished }, index) =>
        unfinished > 0 || (!isListed && !earlier.isUnlistable(setting.batches[index]!))
      ),
    /** Lists, fetches and delivers, until there is nothing more or the run is cut. */
    jobs: Effect.raceFirst(forEachWorker(tasks(setting), concurrency, fetchAndDeliver), Deferred.await(cut)),
    /** Records the outcomes that wait. */
    recorded: outcomes.record([]),
    delisted: Effect.suspend(() =>
      pass().selection._tag === "Retry" ? Effect.void : Effect.forEach(
        setting.batches.filter((_, index) => events.report.batches[index]?.isListed === true),
        tellDelisted,
        { discard: true }
      )
    )
  }
}
