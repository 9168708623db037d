/** Which jobs readers and `inspect` find, also after something went wrong. */
import type { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import { must, Unkept } from "../../Rule.ts"
import { difference, distinct, receiptsDifference } from "../compare.ts"
import { after, type TestJob } from "../jobs.ts"
import type { Trial } from "../trial.ts"

/** Fails unless what is visible are the first batches whole, for one of these numbers of batches. Returns the number. */
export const holdsWhole = Effect.fnUntraced(function*(
  at: Trial,
  all: ReadonlyArray<ReadonlyArray<TestJob>>,
  counts: ReadonlyArray<number>,
  when: string
) {
  const found = distinct(yield* at.found(when))
  const { keying } = at.sink.capabilities
  const differs = counts.map((count) => difference(found, after(keying, all.slice(0, count))))
  const index = differs.indexOf(undefined)
  if (index === -1) return yield* new Unkept({ detail: `${when}: ${differs[0]}` })
  return counts[index]!
})

/** Fails unless these are the receipts of exactly these jobs. */
export const receiptsMatch = (
  found: Parameters<typeof receiptsDifference>[0],
  of: ReadonlyArray<TestJob>,
  when: string
) => {
  const differs = receiptsDifference(found, of)
  return must(differs === undefined, () => `${when}: ${differs}`)
}

/** Fails unless `inspect` finds exactly these jobs and nothing amiss. */
export const inspectFinds: (
  at: Trial,
  of: ReadonlyArray<TestJob>,
  depth: JobSink.InspectDepth,
  when: string
) => Effect.Effect<void, Unkept | JobSink.SinkError> = Effect.fnUntraced(function*(at, of, depth, when) {
  const found = yield* at.inspected(depth)
  const amiss = found.find(({ _tag }) => _tag !== "Intact")
  yield* must(amiss === undefined, () => `${when}, inspect finds ${JSON.stringify(amiss)}`)
  yield* receiptsMatch(
    found.flatMap((item) => item._tag === "Intact" ? [item.receipt] : []),
    of,
    `${when}, inspect at depth ${depth}`
  )
})
