import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { JobPage, MalformedJob } from "../../GtStudio.ts"
import type { GtStudioError } from "../../GtStudioError.ts"
import { isFinished, type JobSummary } from "../../Job.ts"
import { failureOf, type LedgerEntry, type LedgerFailure, type Observation, type Outcome } from "../../Ledger.ts"
import { decide } from "../../Selection.ts"
import type { Fatal, Setting } from "./exportRun.ts"
import type { BatchTally } from "./tally.ts"

/** A listed job that is to be fetched. */
export interface Task {
  readonly batch: BatchTally
  readonly summary: JobSummary
  readonly known: LedgerEntry | null
  /** `JobRecord.position`. */
  readonly position: number
}

/** What is told of the jobs that need no fetching. */
export interface Counting {
  readonly failJob: (batch: BatchTally, jobId: string, error: LedgerFailure) => void
  readonly countUnchanged: (batch: BatchTally, jobId: string) => void
  /** Whether an earlier look has seen the job's result, and that the run is not for it. */
  readonly isUnwanted: (batch: BatchTally, summary: JobSummary, known: LedgerEntry | null) => boolean
  /** The listing of the batch cannot be read, now or later. */
  readonly cannotList: (batch: BatchTally) => void
}

/** The jobs that a run has to fetch, in the order of the listings; all others are counted as what they are. */
export const tasks = (
  { gtStudio, ledger, limit, look, onJob, runners, stop, tally, wanted }: Setting,
  { cannotList, countUnchanged, failJob, isUnwanted }: Counting
): Stream.Stream<Task, Fatal> => {
  const sinkIds = runners.map(({ sink }) => sink.id)

  /** Whether there is room for one more job under the limit. */
  const take = (): boolean => {
    if (tally.taken >= limit) tally.limited = true
    else tally.taken++
    return !tally.limited
  }

  /** Decides, leaving to a later refresh with a limit what was checked no longer ago than the others. */
  const decideInTurn = (summary: JobSummary, known: LedgerEntry | null) => {
    const { oldest, selection } = look()
    const decision = decide(summary, known, sinkIds, selection)
    if (oldest === undefined || decision !== "fetch" || known === null) return decision
    if ((known.checkedAt ?? 0) !== oldest.at) return decision
    return oldest.left-- > 0 ? decision : decide(summary, known, sinkIds, { _tag: "Refresh", checkedBefore: oldest.at })
  }

  const observe = Effect.fnUntraced(function*(batch: BatchTally, page: JobPage) {
    const at = yield* Clock.currentTimeMillis
    const unreadable = page.malformed.filter(({ identified }) => identified)
    const { run, selection } = look()
    // Any other selection looks at what is settled too.
    const settledIn = selection._tag === "New" ? sinkIds : undefined
    const seen = yield* ledger.observe(run, batch, [...page.jobs, ...unreadable.map(placeholder)], settledIn)
    for (const { jobId, error } of page.malformed.filter(({ identified }) => !identified)) {
      batch.listed++
      failJob(batch, jobId, failureOf(error))
    }
    const { outcomes, tasks } = sort(batch, seen, unreadable, at)
    if (outcomes.length > 0) yield* ledger.record(outcomes)
    return tasks
  })

  /** Counts the jobs of a page; `unreadable` are its last ones. Not within `observe`, which V8 takes long to compile. */
  const sort = (
    batch: BatchTally,
    seen: ReadonlyArray<Observation>,
    unreadable: ReadonlyArray<MalformedJob>,
    at: number
  ) => {
    const readable = seen.length - unreadable.length
    const tasks: Array<Task> = []
    const outcomes: Array<Outcome> = []
    for (const [index, { known, repeated, settled, summary }] of seen.entries()) {
      if (repeated) continue
      tally.show(summary.id)
      const malformed = index < readable ? undefined : unreadable[index - readable]
      if (malformed !== undefined) {
        const error = failureOf(malformed.error)
        batch.listed++
        failJob(batch, summary.id, error)
        outcomes.push({ _tag: "Failed", batch, jobId: summary.id, error, at })
        continue
      }
      if (!wanted(summary)) {
        batch.skipped++
        tally.seen.statuses.add(summary.status)
        continue
      }
      const isSettled = settled === true && isFinished(summary)
      const decision = isSettled ? "unchanged" : decideInTurn(summary, known)
      if (decision === "skipped" || (decision === "fetch" && isUnwanted(batch, summary, known))) {
        batch.skipped++
        continue
      }
      if (decision === "fetch" && !take()) break
      batch.listed++
      switch (decision) {
        case "fetch":
          tasks.push({ batch, summary, known, position: tally.taken })
          break
        case "unchanged":
          countUnchanged(batch, summary.id)
          break
        case "unfinished":
          batch.unfinished++
          if (known?.stage !== "unfinished") outcomes.push({ _tag: "Unfinished", batch, jobId: summary.id })
          break
        case "failed":
          if (known?.error == null) break
          tally.fail(batch, summary.id, known.error)
          onJob({ _tag: "StillFailed", batchId: batch.batchId, jobId: summary.id, error: known.error })
      }
    }
    return { tasks, outcomes }
  }

  const listed = (batch: BatchTally): Stream.Stream<Task, Fatal> =>
    gtStudio.pages(batch).pipe(
      Stream.mapEffect((page) => observe(batch, page)),
      Stream.takeUntil(() => tally.limited),
      Stream.flattenIterable
    )

  const failedBefore = (batch: BatchTally): Stream.Stream<Task, Fatal> =>
    ledger.entries({ batch, stage: "failed" }).pipe(
      Stream.flattenIterable,
      Stream.map((known) => ({ batch, known, summary: summaryOf(known) })),
      Stream.filter(({ summary }) => {
        const isWanted = wanted(summary)
        if (!isWanted) {
          batch.skipped++
          tally.seen.statuses.add(summary.status)
        }
        return isWanted
      }),
      Stream.map((task) => take() ? { ...task, position: tally.taken } : undefined),
      Stream.takeWhile((task) => task !== undefined),
      Stream.tap(() => Effect.sync(() => batch.listed++))
    )

  /** Access refused to each batch, and to none before: the key's or the project's fault, and no batch's. */
  let refusal: GtStudioError | undefined
  const refusedAll = Stream.suspend(() =>
    refusal !== undefined && tally.batches.every(({ isListed, listed, skipped }) => !isListed && listed + skipped === 0)
      ? Stream.fail(refusal)
      : Stream.empty
  )

  return Stream.fromIterable(tally.batches).pipe(
    Stream.takeWhile(() => !tally.limited),
    Stream.flatMap((batch) =>
      (look().selection._tag === "Retry" ? failedBefore(batch) : listed(batch)).pipe(
        Stream.onEnd(Effect.sync(() => {
          batch.isListed = !tally.limited
        })),
        Stream.catchIf(
          (error): error is GtStudioError => error._tag === "GtStudioError" && !error.isFatal,
          (error) => {
            const failure = failureOf(error)
            tally.failListing(batch, failure)
            if (error.isRefusal) refusal ??= error
            if (!failure.retryable) cannotList(batch)
            return Stream.empty
          }
        )
      )
    ),
    Stream.concat(refusedAll),
    Stream.interruptWhen(Deferred.await(stop))
  )
}

/** Stands in the ledger for a job that the listing shows, but not readably: with no status, as one never listed. */
const placeholder = ({ jobId }: MalformedJob): JobSummary => ({
  id: jobId,
  referenceId: null,
  status: "",
  frames: null,
  annotations: null,
  tag: null,
  priorityWeight: null
})

const summaryOf = (entry: LedgerEntry): JobSummary => ({
  id: entry.jobId,
  referenceId: entry.referenceId,
  ...entry.listed,
  tag: null,
  priorityWeight: null
})
