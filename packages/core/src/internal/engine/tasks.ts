import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { JobPage, MalformedJob } from "../../GtStudio.ts"
import type { GtStudioError } from "../../GtStudioError.ts"
import { type BatchRef, isFinished, type JobSummary } from "../../Job.ts"
import type { JobEvent } from "../../JobEvent.ts"
import { failureOf, type LedgerEntry, type Observation, type Outcome } from "../../Ledger.ts"
import { decide, onlyLost, type Selection } from "../../Selection.ts"
import { attemptsOf, type Task } from "./fetchedJob.ts"
import type { Fatal, Setting } from "./setting.ts"

/** The jobs that a pass has to fetch, in the order of the listings. Reports the outcome of all other jobs. */
export const tasks = (setting: Setting): Stream.Stream<Task, Fatal> => {
  const { batches, earlier, events, fetch: { attachments }, gtStudio, ledger, limit, pass, runners, stop, filter } =
    setting
  const sinkIds = runners.map(({ sink }) => sink.id)
  let position = 0
  /** Jobs that were named and that no listing has shown so far. */
  const unlisted = new Set(jobsOf(pass()))

  /** Whether there is room for one more job under the limit. */
  const take = (): boolean => {
    if (position < limit) position++
    else if (!events.report.limited) events.emit({ _tag: "LimitReached" })
    return !events.report.limited
  }

  /** Decides, leaving to a later refresh with a limit what was checked no longer ago than the others. */
  const decideInTurn = (summary: JobSummary, known: LedgerEntry | null) => {
    const { oldest, selection } = pass()
    const decision = decide(summary, known, sinkIds, selection, attachments)
    if (oldest === undefined || decision !== "fetch" || known === null) return decision
    if ((known.checkedAt ?? 0) !== oldest.at) return decision
    return oldest.met++ < oldest.count
      ? decision
      : decide(summary, known, sinkIds, { _tag: "Refresh", checkedBefore: oldest.at }, attachments)
  }

  const observe = Effect.fnUntraced(function*(batch: BatchRef, page: JobPage) {
    yield* events.room
    const at = yield* Clock.currentTimeMillis
    const unreadable = page.malformed.filter(({ identified }) => identified)
    const { run, selection } = pass()
    // Any other selection also checks jobs that are up to date.
    const upToDateIn = selection._tag === "New" ? sinkIds : undefined
    const listed = [...page.jobs, ...unreadable.map(placeholder)]
    const seen = yield* ledger.observe(run, batch, listed, upToDateIn, attachments)
    const nameless = page.malformed.filter(({ identified }) => !identified)
    if (nameless.length > 0) {
      events.emit(
        { _tag: "Listed", ...batch, count: nameless.length },
        ...nameless.map(({ error, jobId }): JobEvent => ({
          _tag: "Failed",
          ...batch,
          jobId,
          error: failureOf(error),
          attempts: 1
        }))
      )
    }
    const { outcomes, tasks } = sort(batch, seen, unreadable, at)
    if (outcomes.length > 0) yield* ledger.record(outcomes)
    return tasks
  })

  /** Sorts the jobs of a page; `unreadable` are its last ones. Not within `observe`, which V8 takes long to compile. */
  const sort = (
    batch: BatchRef,
    seen: ReadonlyArray<Observation>,
    unreadable: ReadonlyArray<MalformedJob>,
    at: number
  ) => {
    const readable = seen.length - unreadable.length
    const tasks: Array<Task> = []
    const outcomes: Array<Outcome> = []
    const page = new PageJobs(batch)
    for (const [index, { known, repeated, upToDate, summary }] of seen.entries()) {
      if (repeated) continue
      const jobId = summary.id
      if (unlisted.size > 0) unlisted.delete(jobId)
      const malformed = index < readable ? undefined : unreadable[index - readable]
      if (malformed !== undefined) {
        const error = failureOf(malformed.error)
        page.failed.push({ _tag: "Failed", ...batch, jobId, error, attempts: attemptsOf(known) })
        outcomes.push({ _tag: "Failed", batch, jobId, error, at })
        continue
      }
      if (!filter(summary)) {
        page.skip(summary)
        continue
      }
      const isUpToDate = upToDate === true && isFinished(summary)
      const decision = isUpToDate ? "unchanged" : decideInTurn(summary, known)
      if (decision === "skipped" || (decision === "fetch" && earlier.isUnwanted(batch, summary, known))) {
        page.skipped.push(jobId)
        continue
      }
      if (decision === "fetch" && !take()) break
      switch (decision) {
        case "fetch":
          tasks.push({ batch, summary, known, position })
          break
        case "unchanged":
          if (earlier.hasExported(batch, jobId)) page.exported.push(jobId)
          else page.unchanged.push(jobId)
          break
        case "unfinished":
          page.unfinished.push(jobId)
          if (known?.stage !== "unfinished") outcomes.push({ _tag: "Unfinished", batch, jobId })
          break
        case "failed":
          if (known?.error != null) {
            page.failed.push({ _tag: "StillFailed", ...batch, jobId, error: known.error, attempts: known.attempts })
          }
      }
    }
    events.emit(...page.events(tasks.length))
    return { tasks, outcomes }
  }

  const listed = (batch: BatchRef): Stream.Stream<Task, Fatal> =>
    gtStudio.pages(batch).pipe(
      Stream.mapEffect((page) => observe(batch, page)),
      Stream.takeUntil(() => events.report.limited),
      Stream.flattenIterable
    )

  /** Makes tasks of jobs that the ledger names, and not the listing. */
  const sortEntries = (batch: BatchRef, entries: ReadonlyArray<LedgerEntry>): ReadonlyArray<Task> => {
    const tasks: Array<Task> = []
    const page = new PageJobs(batch)
    for (const known of entries) {
      const summary = summaryOf(known)
      if (!filter(summary)) page.skip(summary)
      else if (take()) tasks.push({ batch, summary, known, position })
      else break
    }
    events.emit(...page.events(tasks.length))
    return tasks
  }

  const tasksOf = (batch: BatchRef, found: ReturnType<typeof ledger.entries>): Stream.Stream<Task, Fatal> =>
    found.pipe(
      Stream.mapEffect((entries) => Effect.map(events.room, () => sortEntries(batch, entries))),
      Stream.takeUntil(() => events.report.limited),
      Stream.flattenIterable
    )

  const failedBefore = (batch: BatchRef): Stream.Stream<Task, Fatal> =>
    tasksOf(batch, ledger.entries({ batch, stage: "failed" }))

  /** Follows a complete listing. A refresh of chosen jobs reports those that were not listed instead. */
  const lost = (batch: BatchRef): Stream.Stream<Task, Fatal> =>
    Stream.suspend(() =>
      events.report.limited || jobsOf(pass()) !== undefined
        ? Stream.empty
        : tasksOf(batch, onlyLost(ledger.entries({ batch, notObservedIn: pass().run })))
    )

  /** Access refused to each batch, and to none before: the key's or the project's fault, and no batch's. */
  let refusal: GtStudioError | undefined
  const end = Stream.suspend(() => {
    const { report } = events
    const isNothingListed = report.batches.every(({ isListed, listed, skipped }) => !isListed && listed + skipped === 0)
    if (refusal !== undefined && isNothingListed) return Stream.fail(refusal)
    if (pass().oldest?.hasMore === true && !report.limited) events.emit({ _tag: "LimitReached" })
    if (unlisted.size > 0 && report.batches.every(({ isListed }) => isListed)) {
      events.emit({ _tag: "NotListed", jobIds: Array.from(unlisted) })
    }
    return Stream.empty
  })

  return Stream.fromIterable(batches).pipe(
    Stream.takeWhile(() => !events.report.limited),
    Stream.flatMap((batch) =>
      (pass().selection._tag === "Retry" ? failedBefore(batch) : Stream.concat(listed(batch), lost(batch))).pipe(
        Stream.onEnd(Effect.sync(() => {
          if (!events.report.limited) events.emit({ _tag: "BatchListed", ...batch })
        })),
        Stream.catchIf(
          (error): error is GtStudioError => error._tag === "GtStudioError" && !error.isFatal,
          (error) => {
            const failure = failureOf(error)
            events.emit({ _tag: "BatchFailed", ...batch, error: failure })
            if (error.isRefusal) refusal ??= error
            if (!failure.retryable) earlier.addUnlistable(batch)
            return Stream.empty
          }
        )
      )
    ),
    Stream.concat(end),
    Stream.interruptWhen(Deferred.await(stop))
  )
}

/** What becomes of the jobs of a page that need no fetching. */
class PageJobs {
  readonly failed: Array<JobEvent> = []
  readonly skipped: Array<string> = []
  readonly unchanged: Array<string> = []
  readonly exported: Array<string> = []
  readonly unfinished: Array<string> = []
  private readonly statuses = new Set<string>()
  private readonly batch: BatchRef

  constructor({ batchId, projectId }: BatchRef) {
    this.batch = { projectId, batchId }
  }

  /** The filter leaves the job out. */
  skip({ id, status }: JobSummary): void {
    this.skipped.push(id)
    this.statuses.add(status)
  }

  /** The page in a few events. `fetched` are its jobs that are to be fetched. */
  events(fetched: number): ReadonlyArray<JobEvent> {
    const { batch, exported, failed, skipped, unchanged, unfinished } = this
    const count = fetched + failed.length + skipped.length + unchanged.length + exported.length + unfinished.length
    const events: Array<JobEvent> = count === 0 ? [] : [{ _tag: "Listed", ...batch, count }]
    if (skipped.length > 0) {
      events.push({ _tag: "Skipped", ...batch, jobIds: skipped, statuses: Array.from(this.statuses), labels: [] })
    }
    const known = { ...batch, _tag: "Unchanged", isFetched: false } as const
    if (unchanged.length > 0) events.push({ ...known, jobIds: unchanged, isExported: false })
    if (exported.length > 0) events.push({ ...known, jobIds: exported, isExported: true })
    if (unfinished.length > 0) events.push({ _tag: "Unfinished", ...batch, jobIds: unfinished })
    return [...events, ...failed]
  }
}

const jobsOf = ({ selection }: { readonly selection: Selection }): ReadonlySet<string> | undefined =>
  selection._tag === "Refresh" ? selection.jobs : undefined

/** What the ledger keeps of a listed job that could not be read: no status, as of a job never listed. */
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
