/**
 * What was exported, in numbers of bounded size: gathered from the ledger, and from the results that a sink gives back,
 * in one pass over each.
 */
import { Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { LedgerTally } from "./internal/gather/ledgerTally.ts"
import { readResults } from "./internal/gather/readResults.ts"
import { RunTally } from "./internal/gather/runTally.ts"
import type { Options, Summary } from "./internal/gather/summaryModel.ts"

export type {
  BatchLine,
  CountLine,
  FailureLine,
  JobName,
  LabelLine,
  Labels,
  Options,
  PerJob,
  ProblemLine,
  Results,
  Runs,
  SinkLine,
  Summary,
  Top
} from "./internal/gather/summaryModel.ts"

/**
 * Reads the ledger, and every result of the first sink that can give its jobs back. Memory does not grow with the number
 * of jobs; with that of different labels up to 50,000, beyond which further ones are counted together.
 */
export const gather = Effect.fnUntraced(function*(options: Options = {}) {
  const ledger = yield* Ledger.Ledger
  const entries = new LedgerTally()
  for (const batch of options.batches ?? [undefined]) {
    yield* Stream.runForEach(
      ledger.entries(batch === undefined ? {} : { batch }),
      (page) => Effect.sync(() => page.forEach(entries.add))
    )
  }
  const runs = new RunTally()
  yield* Stream.runForEach(ledger.runs, (page) => Effect.sync(() => page.forEach(runs.add)))
  const summary: Summary = { ...entries.result(), runs: runs.result(), results: yield* readResults(options) }
  return summary
})
