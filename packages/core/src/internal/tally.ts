import type { BatchReport, ExportReport, FailureGroup, SinkReport } from "../ExportReport.ts"
import type { BatchRef } from "../Job.ts"
import type { LedgerFailure, RunEnd } from "../Ledger.ts"

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

export type BatchTally = Mutable<Omit<BatchReport, "left">>

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
  private readonly failures = new Map<string, Mutable<FailureGroup>>()

  constructor(batches: ReadonlyArray<BatchRef>) {
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

  fail(batch: BatchTally, jobId: string, error: LedgerFailure): void {
    batch.failed++
    const group = this.failures.get(error.reason)
    if (group !== undefined) {
      group.count++
      return
    }
    this.failures.set(error.reason, {
      cause: error.reason,
      count: 1,
      retryable: error.retryable,
      example: { batchId: batch.batchId, jobId, message: error.message }
    })
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
    return {
      complete: batches.every(({ failed, isListed, left, listingError }) =>
        (isListed || (this.limited && listingError === null)) && failed === 0 && left === 0
      ),
      limited: this.limited,
      stopped: this.stopped,
      batches,
      failures: Array.from(this.failures.values(), (group) => ({ ...group })),
      sinks: Array.from(this.sinks.values(), (sink) => ({ ...sink, queued: queued(sink.id) })),
      inFlight: this.inFlight,
      seconds
    }
  }
}
