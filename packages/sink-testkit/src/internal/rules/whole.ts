/** Which batches readers find after something went wrong. */
import * as Effect from "effect/Effect"
import { Unkept } from "../../Rule.ts"
import { difference, distinct } from "../compare.ts"
import { after, type TestJob } from "../jobs.ts"
import type { Trial } from "../trial.ts"

/** Fails unless what is visible are the first batches whole, for one of these numbers of batches. Answers the number. */
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
