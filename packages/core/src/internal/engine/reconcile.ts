import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { InspectDepth, Inspected, JobSink } from "../../JobSink.ts"
import type { Ledger, Outcome } from "../../Ledger.ts"

/** Jobs whose receipts are compared and recorded in one transaction. */
const jobsAtOnce = 1000

/**
 * Makes the ledger's receipts of a sink say what the sink holds: records the receipts that the ledger lacks, and voids
 * those that differ, or of whose job the sink holds nothing intact. Returns how many it voided. Each step is right by
 * itself, so that one that is cut off is completed by the next run.
 */
export const reconcile = Effect.fnUntraced(function*(
  ledger: Ledger["Service"],
  sink: JobSink,
  depth: InspectDepth
) {
  if (!sink.capabilities.inspectable) return 0
  const audit = yield* ledger.audit(sink.id)
  let voided = 0
  const record = (outcomes: ReadonlyArray<Outcome>) => outcomes.length === 0 ? Effect.void : ledger.record(outcomes)

  const compare = Effect.fnUntraced(function*(found: ReadonlyArray<Intact>) {
    const receipts = found.map(({ receipt }) => receipt)
    const words = yield* audit.check(receipts, [])
    yield* record(found.flatMap(({ projectId, receipt }, index): ReadonlyArray<Outcome> => {
      const batch = { projectId, batchId: receipt.batchId }
      if (words[index] === "unknown") return [{ _tag: "Reconciled", batch, sink: sink.id, receipt }]
      // What only adds holds a job several times: its latest revision is not told from the others.
      if (words[index] === "match" || sink.capabilities.keying === "append") return []
      voided++
      // Not recorded as it is: a run that fetches the job finds, and reports, that it changed.
      return [{ _tag: "Voided", batch, sink: sink.id, jobId: receipt.jobId }]
    }))
    if (words.includes("unknown")) yield* audit.check(receipts, [])
  })

  yield* sink.inspect(depth).pipe(
    Stream.flattenIterable,
    Stream.filter((item) => item._tag === "Intact"),
    Stream.grouped(jobsAtOnce),
    Stream.runForEach(compare)
  )
  yield* Stream.runForEach(audit.unchecked, (jobs) => {
    voided += jobs.length
    return record(jobs.map(({ batchId, jobId, projectId }) => ({
      _tag: "Voided",
      batch: { projectId, batchId },
      sink: sink.id,
      jobId
    })))
  })
  return voided
}, Effect.scoped)

/**
 * Reconciles a sink where something speaks against its receipts: it is new to the ledger, the last run that had it open
 * was cut off between a commit and its receipts, or it holds another number of jobs. Returns how many receipts it voided.
 */
export const agree = Effect.fnUntraced(function*(ledger: Ledger["Service"], sink: JobSink) {
  const isAgreed = yield* ledger.opened(sink.id)
  if (!sink.capabilities.inspectable) return 0
  // What only adds holds a job as often as it was exported.
  if (isAgreed && sink.capabilities.keying === "append") return 0
  const isSame = isAgreed && sink.count !== undefined
    && (yield* sink.count) === (yield* ledger.countReceipts(sink.id))
  return isSame ? 0 : yield* reconcile(ledger, sink, "manifest")
})

type Intact = Extract<Inspected, { readonly _tag: "Intact" }>
