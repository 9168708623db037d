/** The outcomes of jobs as the ledger records them, and when it does. */
import * as Effect from "effect/Effect"
import type { AttachmentChoice } from "../../Job.ts"
import type { JobRecord, Receipt } from "../../JobSink.ts"
import type { Ledger, LedgerError, Outcome } from "../../Ledger.ts"
import { includes, isChanged, listedOf } from "../../Selection.ts"
import type { Delivery, Job } from "./fetchedJob.ts"

export const storedOutcome = (
  delivery: Delivery,
  sink: string,
  receipt: Receipt,
  attachments: AttachmentChoice,
  at: number
): Outcome => ({
  _tag: "Stored",
  batch: delivery.job.task.batch,
  sink,
  receipt,
  attachments,
  listed: listedOf(delivery.record.summary),
  at
})

/** Returns what the ledger lacks about a job in the sinks that hold it as it was fetched. */
export const heldOutcomes = (
  { task: { batch, known } }: Job,
  { batchId, jobId, revision: fetched, summary }: JobRecord,
  sinks: ReadonlyArray<string>,
  choice: AttachmentChoice,
  at: number
): ReadonlyArray<Outcome> => {
  // The ledger may have another revision, from a sink that is not in this run: a receipt then shows which is the latest.
  const isLatest = known?.revision != null && !isChanged(known.revision, fetched)
  return (known?.receipts ?? []).flatMap(({ attachments, bytes, revision, sink }): ReadonlyArray<Outcome> => {
    const isAsked = attachments !== null && includes(attachments, choice)
    if (!sinks.includes(sink) || (isLatest && isAsked)) return []
    const receipt = { batchId, jobId, revision, bytes }
    const held = { batch, sink, receipt, attachments: isAsked ? attachments : choice }
    return [isLatest ? { _tag: "Reconciled", ...held } : { _tag: "Stored", ...held, listed: listedOf(summary), at }]
  })
}

/** For a fetched job that every sink of the run holds. */
export const unchangedOutcome = ({ task: { batch } }: Job, { jobId, summary }: JobRecord, at: number): Outcome => ({
  _tag: "Unchanged",
  batch,
  jobId,
  listed: listedOf(summary),
  at
})

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
  recordLater(...outcomes: ReadonlyArray<Outcome>): Effect.Effect<void, LedgerError> {
    return this.waiting.push(...outcomes) < atOnce ? Effect.void : this.record([])
  }
}
