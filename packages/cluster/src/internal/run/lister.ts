/**
 * Lists the batches of an export, decides on each job, and puts the jobs to fetch into slices. A listing that is repeated
 * after a crash does not change the jobs that were placed before.
 */
import { type ExportReport, GtStudio, GtStudioError, type Job, Ledger, Selection } from "@labelstream/core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ExportRequest } from "../../ExportRequest.ts"
import { ExportStore, type Placed } from "../../ExportStore.ts"

export interface Listing {
  readonly run: number
  readonly request: ExportRequest
  /** Ids of the sinks whose receipts decide what is new. */
  readonly sinks: ReadonlyArray<string>
  /** Jobs that fill a slice, which then ends with its page. */
  readonly sliceJobs: number
  /** Whether no further job is to be placed. */
  readonly isStopped: () => boolean
  /** Runs for each slice once it is complete, and first for those placed by an earlier call. */
  readonly onSlice: (slice: number) => Effect.Effect<void>
}

const words = { unchanged: "unchanged", unfinished: "unfinished", failed: "failed", skipped: "skipped" } as const

/** Places every job of the request. Fails if no batch can be listed, as with a rejected key. */
export const list = Effect.fnUntraced(function*(listing: Listing) {
  const gtStudio = yield* GtStudio.GtStudio
  const ledger = yield* Ledger.Ledger
  const store = yield* ExportStore
  const { isStopped, onSlice, request, run, sinks, sliceJobs } = listing
  const { filter = () => true } = Selection.filterOf(request)
  const limit = request.limit ?? Number.POSITIVE_INFINITY
  const mode: Selection.Selection = request.mode === "refresh" ? { _tag: "Refresh" } : { _tag: "New" }

  const before = yield* store.slices(run)
  for (const { slice } of before) yield* onSlice(slice)
  let slice = before.reduce((last, each) => Math.max(last, each.slice), 0) + 1
  let inSlice = 0
  // A repeated listing may count a job twice, and then takes fewer than the limit, never more.
  let taken = before.reduce((sum, { jobs }) => sum + jobs, 0)
  let limited = false
  let isAnyListed = false
  let refusal: GtStudioError.GtStudioError | undefined

  /** The slice of a further job to fetch, or undefined beyond the limit. */
  const take = (): number | undefined => {
    limited = taken >= limit
    if (limited) return undefined
    taken++
    inSlice++
    return slice
  }

  const endSlice = Effect.suspend(() => {
    if (inSlice === 0) return Effect.void
    inSlice = 0
    return onSlice(slice++)
  })

  /** Records jobs of a page, and ends the slice if it is full. */
  const place = Effect.fnUntraced(function*(batch: Job.BatchRef, jobs: ReadonlyArray<Placed>) {
    yield* store.place(run, batch, jobs)
    if (inSlice >= sliceJobs) yield* endSlice
  })

  const placePage = Effect.fnUntraced(function*(
    batch: Job.BatchRef,
    page: GtStudio.JobPage,
    seen: Set<string>,
    malformed: Array<ExportReport.FailureGroup>
  ) {
    const unreadable = page.malformed.filter(({ identified }) => identified)
    const observed = yield* ledger.observe(run, batch, [...page.jobs, ...unreadable.map(placeholder)])
    const failures = new Map(unreadable.map(({ error, jobId }) => [jobId, Ledger.failureOf(error)]))
    const placed: Array<Placed> = []
    for (const { known, summary } of observed) {
      if (seen.has(summary.id)) continue
      seen.add(summary.id)
      const error = failures.get(summary.id)
      if (error !== undefined) {
        placed.push({ summary, slice: null, outcome: "failed", error })
        continue
      }
      if (!filter(summary)) {
        placed.push({ summary, slice: null, outcome: "skipped" })
        continue
      }
      const decision = Selection.decide(summary, known, sinks, mode, request.attachments)
      if (decision !== "fetch") {
        placed.push({
          summary,
          slice: null,
          outcome: words[decision],
          ...(decision === "failed" && known?.error != null ? { error: known.error } : {})
        })
        continue
      }
      const number = take()
      if (number === undefined) break
      placed.push({ summary, slice: number, outcome: null })
    }
    for (const { error, identified, jobId } of page.malformed) {
      const { message, reason, retryable } = Ledger.failureOf(error)
      const example = { batchId: batch.batchId, jobId, message }
      if (!identified) malformed.push({ cause: reason, count: 1, retryable, permanent: !retryable, example })
    }
    const at = yield* Clock.currentTimeMillis
    const outcomes = placed.flatMap(({ error, outcome, summary }): ReadonlyArray<Ledger.Outcome> => {
      if (outcome === "unfinished") return [{ _tag: "Unfinished", batch, jobId: summary.id }]
      // A job that failed in an earlier run is not tried, and this counts no attempt.
      return error === undefined || !failures.has(summary.id)
        ? []
        : [{ _tag: "Failed", batch, jobId: summary.id, error, at }]
    })
    yield* ledger.record(outcomes)
    yield* place(batch, placed)
  })

  const listBatch = Effect.fnUntraced(function*(batch: Job.BatchRef) {
    const seen = new Set<string>()
    const malformed: Array<ExportReport.FailureGroup> = []
    let listingError: string | null = null
    yield* gtStudio.pages(batch).pipe(
      Stream.takeWhile(() => !isStopped()),
      Stream.mapEffect((page) => {
        isAnyListed = true
        return placePage(batch, page, seen, malformed)
      }),
      Stream.takeUntil(() => limited),
      Stream.runDrain,
      Effect.catchIf(
        (error): error is GtStudioError.GtStudioError => error instanceof GtStudioError.GtStudioError && !error.isFatal,
        (error) =>
          Effect.sync(() => {
            listingError = error.message
            if (error.isRefusal) refusal ??= error
            const { message, reason, retryable } = Ledger.failureOf(error)
            const example = { batchId: batch.batchId, jobId: null, message }
            malformed.push({ cause: reason, count: 1, retryable, permanent: !retryable, example })
          })
      )
    )
    const isWhole = listingError === null && !limited && !isStopped()
    if (isWhole) yield* placeEntries(batch, Selection.onlyLost(ledger.entries({ batch, notObservedIn: run })))
    yield* endSlice
    const isListed = isWhole && !limited && !isStopped()
    const delisted = isListed ? yield* countDelisted(batch) : 0
    yield* store.noteBatch(run, batch, { isListed, listingError, delisted, malformed })
  })

  /** Counts jobs that were stored once and that the complete listing no longer names. */
  const countDelisted = (batch: Job.BatchRef) =>
    ledger.entries({ batch, notObservedIn: run }).pipe(
      Stream.runFold(() => 0, (sum, entries) => sum + entries.filter(({ receipts }) => receipts.length > 0).length)
    )

  /** Places jobs that the ledger names. */
  const placeEntries = (batch: Job.BatchRef, found: ReturnType<typeof ledger.entries>) =>
    found.pipe(
      Stream.takeWhile(() => !isStopped()),
      Stream.mapEffect((entries) => {
        const placed: Array<Placed> = []
        for (const { jobId, listed, referenceId } of entries) {
          const summary = { id: jobId, referenceId, ...listed, tag: null, priorityWeight: null }
          if (!filter(summary)) {
            placed.push({ summary, slice: null, outcome: "skipped" })
            continue
          }
          const number = take()
          if (number === undefined) break
          placed.push({ summary, slice: number, outcome: null })
        }
        return place(batch, placed)
      }),
      Stream.takeUntil(() => limited),
      Stream.runDrain
    )

  const failedBefore = Effect.fnUntraced(function*(batch: Job.BatchRef) {
    yield* placeEntries(batch, ledger.entries({ batch, stage: "failed" }))
    yield* endSlice
    const isListed = !limited && !isStopped()
    yield* store.noteBatch(run, batch, { isListed, listingError: null, delisted: 0, malformed: [] })
  })

  yield* Effect.forEach(request.batches, (batch) => {
    if (limited || isStopped()) return Effect.void
    return request.mode === "retry" ? failedBefore(batch) : listBatch(batch)
  }, { discard: true })
  // If access to every batch is refused, the cause is the key or the project.
  if (refusal !== undefined && !isAnyListed) return yield* refusal
  return { limited }
})

/** The entry of a listed job that could not be read: without a status, like a job that was never listed. */
const placeholder = ({ jobId }: GtStudio.MalformedJob): Job.JobSummary => ({
  id: jobId,
  referenceId: null,
  status: "",
  frames: null,
  annotations: null,
  tag: null,
  priorityWeight: null
})
