/** Stores the jobs of the dataset benchmarks in files, for others to convert. */
import { FilesSink } from "@labelstream/sink-files"
import * as Effect from "effect/Effect"
import type { Run } from "../harness/client.ts"
import { makeJobs } from "../support/samples.ts"

interface Spec {
  /** The folder of the sink. */
  readonly directory: string
  readonly jobs: number
}

export const run: Run<Spec> = async ({ directory, jobs }, stopwatch) => {
  const sink = FilesSink.make({ directory })
  const perBatch = sink.capabilities.batch.maxRecords
  const store = Effect.gen(function*() {
    const { commit, finish, stage } = yield* sink.open
    for (let from = 0; from < jobs; from += perBatch) {
      yield* stage(String(from), yield* makeJobs(from, Math.min(jobs, from + perBatch), "boxes"))
      yield* commit(String(from))
    }
    yield* finish({ outcome: "completed" })
  })
  await stopwatch.run(() => Effect.runPromise(Effect.scoped(store)))
  return { samples: jobs }
}
