import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { BatchRef } from "../../Job.ts"
import type { Ledger } from "../../Ledger.ts"

/** Which jobs a refresh with a limit is for. */
export interface Oldest {
  /** They were last checked at this time or before. */
  readonly at: number
  /** How many of those that were checked just then: many are checked in the same millisecond. */
  left: number
  /** Whether there are more jobs than these. */
  readonly hasMore: boolean
}

/**
 * Finds the jobs that were checked longest ago, as many as the limit: so that the next refresh takes the next ones. Reads
 * the entries of the batches, and holds a number for each job within the limit.
 */
export const oldest = Effect.fnUntraced(function*(
  ledger: Ledger["Service"],
  batches: ReadonlyArray<BatchRef>,
  limit: number
) {
  let times: Array<number> = []
  let seen = 0
  const keep = () => {
    times = times.sort((a, b) => a - b).slice(0, limit)
  }
  yield* Stream.fromIterable(batches).pipe(
    Stream.flatMap((batch) => ledger.entries({ batch })),
    Stream.runForEach((entries) =>
      Effect.sync(() => {
        for (const { checkedAt, stage } of entries) {
          if (stage !== "stored" && stage !== "failed") continue
          seen++
          times.push(checkedAt ?? 0)
        }
        if (times.length > 2 * limit) keep()
      })
    )
  )
  keep()
  const at = times.at(-1) ?? 0
  const found: Oldest = { at, left: times.filter((time) => time === at).length, hasMore: seen > times.length }
  return found
})
