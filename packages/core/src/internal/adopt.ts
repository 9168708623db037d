import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Inspected, JobSink } from "../JobSink.ts"
import type { Ledger } from "../Ledger.ts"

/**
 * Takes over what a sink holds when the ledger knows nothing of it: the ledger was lost, or the sink's place was moved.
 * Whole or not at all, for a part of it would be taken for the whole by the next run.
 */
export const adopt = Effect.fnUntraced(function*(ledger: Ledger["Service"], sink: JobSink) {
  if (yield* ledger.hasReceipts(sink.id)) return yield* catchUp(ledger, sink)
  if (!sink.capabilities.inspectable) return
  yield* ledger.atomically(Stream.runForEach(sink.inspect("manifest"), (found) => ledger.record(adopted(sink, found))))
})

/** Takes over what a sink had committed when a run was killed, before the ledger was told. */
const catchUp = Effect.fnUntraced(function*(ledger: Ledger["Service"], sink: JobSink) {
  if (sink.lastCommit === undefined) return
  const audit = yield* ledger.audit(sink.id)
  yield* Stream.runForEach(sink.lastCommit, (found) =>
    Effect.gen(function*() {
      const outcomes = adopted(sink, found)
      const known = yield* audit.check(outcomes.map(({ receipt }) => receipt), [])
      // A job that was replaced is left to be found changed, and named, by the run that looks at it again.
      const lacking = outcomes.filter((_, index) => known[index] === "unknown")
      if (lacking.length > 0) yield* ledger.record(lacking)
    }))
}, Effect.scoped)

const adopted = (sink: JobSink, found: ReadonlyArray<Inspected>) =>
  found.flatMap((item) =>
    item._tag !== "Intact" ? [] : [{
      _tag: "Adopted" as const,
      batch: { projectId: item.projectId, batchId: item.receipt.batchId },
      sink: sink.id,
      receipt: item.receipt
    }]
  )
