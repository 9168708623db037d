/** Jobs into a dataset, batch by batch as the engine would hand them over, and its end. */
import { NodeHeap } from "@labelstream/cli"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import type { Run } from "../harness/client.ts"
import { sinkOf } from "../support/datasetFormats.ts"
import { type Kind, makeJobs } from "../support/samples.ts"

interface Spec {
  readonly folder: string
  readonly format: string
  readonly jobs: number
  readonly of: Kind
}

export const run: Run<Spec> = async ({ folder, format, jobs, of }, stopwatch) => {
  const sink = sinkOf(format, join(folder, "dataset"))
  const perBatch = sink.capabilities.batch.maxRecords
  await Effect.gen(function*() {
    const { commit, finish, stage } = yield* sink.open
    const run = Effect.runPromiseWith(yield* Effect.context())
    const timed = <A, E>(work: Effect.Effect<A, E>) => Effect.promise(() => stopwatch.run(() => run(work)))
    for (let from = 0; from < jobs; from += perBatch) {
      const records = yield* makeJobs(from, Math.min(jobs, from + perBatch), of)
      yield* timed(Effect.andThen(stage(String(from), records), commit(String(from))))
    }
    yield* timed(finish({ outcome: "completed" }))
  }).pipe(Effect.scoped, Effect.provide(NodeHeap.layerSmall), Effect.runPromise)
  return { samples: jobs }
}
