/** What the ledger is told of jobs: their outcomes, and when these are recorded. */
import * as Effect from "effect/Effect"
import type { JobRecord, Receipt } from "../../JobSink.ts"
import type { Ledger, LedgerError, Outcome } from "../../Ledger.ts"
import { listedOf } from "../../Selection.ts"
import { type Delivery, type Job, sameRevision, sizeOf } from "./fetchedJob.ts"

export const storedOutcome = (delivery: Delivery, sink: string, receipt: Receipt, at: number): Outcome => ({
  _tag: "Stored",
  batch: delivery.job.task.batch,
  sink,
  receipt,
  listed: listedOf(delivery.record.summary),
  at
})

/** Of a job that every sink of the run holds as it was fetched. `sink` is one of them, if there is any. */
export const unchangedOutcome = ({ task }: Job, record: JobRecord, sink: string | undefined, at: number): Outcome => {
  const { batch, known } = task
  const { batchId, jobId, revision } = record
  const listed = listedOf(record.summary)
  if (sink === undefined || known?.revision == null || sameRevision(known.revision, revision)) {
    return { _tag: "Unchanged", batch, jobId, listed, at }
  }
  // It is the ledger that has another revision, of a sink that is not in this run: a receipt says which is the latest.
  return { _tag: "Stored", batch, sink, receipt: { batchId, jobId, revision, bytes: sizeOf(record) }, listed, at }
}

export const failedOutcome = ({ failure, task }: Job, at: number): ReadonlyArray<Outcome> =>
  failure === undefined ? [] : [{ _tag: "Failed", batch: task.batch, jobId: task.summary.id, error: failure, at }]

/** Outcomes of single jobs that are recorded in one transaction, which costs a sync of the disk. */
const atOnce = 32

/** Records outcomes in the ledger: what no sink has stored waits for more, since it is found again after a crash. */
export class Outcomes {
  private readonly ledger: Ledger["Service"]
  private waiting: Array<Outcome> = []

  constructor(ledger: Ledger["Service"]) {
    this.ledger = ledger
  }

  /** Records outcomes with those that wait, in one transaction. */
  record(outcomes: ReadonlyArray<Outcome>): Effect.Effect<void, LedgerError> {
    return Effect.suspend(() => {
      const all = [...this.waiting, ...outcomes]
      this.waiting = []
      return all.length === 0 ? Effect.void : this.ledger.record(all)
    })
  }

  /** Records an outcome when there are enough of them, or when a sink has stored something. */
  recordLater(outcome: Outcome): Effect.Effect<void, LedgerError> {
    return this.waiting.push(outcome) < atOnce ? Effect.void : this.record([])
  }
}
