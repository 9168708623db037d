import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import {
  type BatchReport,
  type ExportReport,
  type FailureGroup,
  isComplete,
  matchedNothing,
  type SinkReport
} from "../../ExportReport.ts"
import type { BatchRef } from "../../Job.ts"
import type { LedgerFailure, RunEnd } from "../../Ledger.ts"

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

export type BatchTally = Mutable<Omit<BatchReport, "left">>

/** The first distinct values of many: enough to see what a filter could have named. */
class Sample {
  private readonly values = new Set<string>()

  add(value: string): void {
    if (this.values.size < 20) this.values.add(value.slice(0, 100))
  }

  get all(): ReadonlyArray<string> {
    return Array.from(this.values)
  }
}

/** Counts an export as it goes. Its size depends on the number of batches and causes, not of jobs. */
export class Tally {
  readonly batches: ReadonlyArray<BatchTally>
  readonly sinks = new Map<string, Mutable<Omit<SinkReport, "queued">>>()
  inFlight = 0
  stopped = false
  /** What this look alone has exported. */
  look = { exported: 0, bytes: 0 }
  /** Jobs that were taken up to be fetched, and whether there was one more than the limit. */
  taken = 0
  limited = false
  readonly seen = { statuses: new Sample(), labels: new Sample() }
  /** Jobs that were named and that no listing has shown so far. */
  private readonly notListed: Set<string>
  private readonly hasMore: boolean
  private readonly filters: boolean
  private readonly filtersResults: boolean
  private readonly failures = new Map<string, Mutable<FailureGroup>>()

  constructor(
    batches: ReadonlyArray<BatchRef>,
    { filters, filtersResults, hasMore, named }: {
      /** Jobs that a listing should show. */
      readonly named: Iterable<string> | undefined
      /** Whether the run leaves jobs to a next one, as its limit wants. */
      readonly hasMore: boolean
      readonly filters: boolean
      readonly filtersResults: boolean
    }
  ) {
    this.notListed = new Set(named)
    this.hasMore = hasMore
    this.filters = filters
    this.filtersResults = filtersResults
    this.batches = batches.map(({ batchId, projectId }) => ({
      projectId,
      batchId,
      listed: 0,
      exported: 0,
      unchanged: 0,
      unfinished: 0,
      failed: 0,
      skipped: 0,
      changed: 0,
      vanished: 0,
      unknown: 0,
      unknownExample: null,
      problems: 0,
      problemExample: null,
      bytes: 0,
      isListed: false,
      listingError: null
    }))
  }

  /** Begins to count jobs anew, for another look at the same batches. Bytes and changes add up over all looks. */
  recount(): void {
    this.failures.clear()
    this.look = { exported: 0, bytes: 0 }
    for (const batch of this.batches) {
      batch.listed =
        batch.exported =
        batch.unchanged =
        batch.unfinished =
        batch.failed =
        batch.skipped =
        batch.vanished =
          0
      batch.isListed = false
      batch.listingError = null
    }
  }

  /** Whether there is more to fetch than the limit allows. */
  get isLimited(): boolean {
    return this.limited || this.hasMore
  }

  /** A listing shows this job, whatever becomes of it. */
  show(jobId: string): void {
    if (this.notListed.size > 0) this.notListed.delete(jobId)
  }

  fail(batch: BatchTally, jobId: string, error: LedgerFailure): void {
    batch.failed++
    this.group(`job ${error.reason}`, batch, jobId, error)
  }

  failListing(batch: BatchTally, error: LedgerFailure): void {
    batch.listingError = error.message
    this.group(`listing ${error.reason}`, batch, null, error)
  }

  private group(key: string, { batchId }: BatchTally, jobId: string | null, error: LedgerFailure): void {
    const { message, reason, retryable } = error
    const group = this.failures.get(key)
    if (group !== undefined) group.count++
    else this.failures.set(key, { cause: reason, count: 1, retryable, example: { batchId, jobId, message } })
  }

  /** How a sink ended: undefined where it did not in time. */
  endSink(id: string, exit: Exit.Exit<unknown, { readonly message: string }> | undefined): void {
    const sink = this.sinks.get(id)
    if (sink === undefined || sink.error !== null) return
    if (exit === undefined) {
      sink.error = "it did not answer in time after the stop; the next run stores again what it had not confirmed"
    } else if (Exit.isFailure(exit)) {
      const failure = Cause.findErrorOption(exit.cause)
      if (Option.isSome(failure)) sink.error = failure.value.message
    } else if (typeof exit.value === "string") sink.notice = exit.value
  }

  /** What this look has come to. Jobs that an earlier look exported count as unchanged. */
  runEnd(outcome: RunEnd["outcome"]): RunEnd {
    const sum = (of: (batch: BatchTally) => number) => this.batches.reduce((total, batch) => total + of(batch), 0)
    return {
      outcome,
      listed: sum(({ listed }) => listed),
      exported: this.look.exported,
      unchanged: sum(({ exported, unchanged }) => exported + unchanged) - this.look.exported,
      unfinished: sum(({ unfinished }) => unfinished),
      failed: sum(({ failed }) => failed),
      bytes: this.look.bytes
    }
  }

  report(seconds: number, queued: (sink: string) => number): ExportReport {
    const batches = this.batches.map((batch): BatchReport => ({
      ...batch,
      left: batch.listed - batch.exported - batch.unchanged - batch.unfinished - batch.failed
    }))
    const sinks = Array.from(this.sinks.values(), (sink) => ({ ...sink, queued: queued(sink.id) }))
    const noMatch = this.filters && matchedNothing(batches, this.filtersResults)
    const notListed = batches.every(({ isListed }) => isListed) ? Array.from(this.notListed) : []
    return {
      complete: isComplete({ batches, limited: this.limited, noMatch, notListed, sinks }),
      noMatch,
      seen: { statuses: this.seen.statuses.all, labels: this.seen.labels.all },
      notListed,
      limited: this.isLimited,
      stopped: this.stopped,
      batches,
      failures: Array.from(this.failures.values(), (group) => ({ ...group })),
      sinks,
      inFlight: this.inFlight,
      seconds
    }
  }
}
