/**
 * What was exported, in numbers of bounded size: gathered from the ledger, and from the results that a sink returns,
 * in one pass over each.
 */
import { Ledger, OptionError } from "@labelstream/core"
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

/** Most jobs that are kept for drawing. */
const mostDrawn = 60

/**
 * Reads the ledger, and every result of the first sink that can give its jobs back. Memory does not grow with the number
 * of jobs; with that of different labels up to 50,000, beyond which further ones are counted together.
 */
export const gather = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<Summary, Ledger.LedgerError | OptionError.OptionError, Ledger.Ledger> {
  const { batches, gallery = 0 } = options
  yield* OptionError.given((option, value) => OptionError.each(option, value, OptionError.batch))("batches", batches)
  if (!Number.isInteger(gallery) || gallery < 0 || gallery > mostDrawn) {
    const detail = `must be a whole number from 0 to ${mostDrawn}, and is ${gallery}`
    return yield* new OptionError.OptionError({ option: "gallery", detail })
  }
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
