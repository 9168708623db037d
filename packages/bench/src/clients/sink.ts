/** Rows into a sink, batch by batch as the engine would hand them over. */
import type { JobSink } from "@labelstream/core"
import { ParquetSink } from "@labelstream/sink-parquet"
import { SqliteSink } from "@labelstream/sink-sqlite"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import type { Run } from "../harness/client.ts"
import { batches, rowsPerJob } from "../support/rows.ts"

interface Spec {
  readonly folder: string
  readonly jobs: number
  readonly sink: "sqlite" | "parquet"
}

/** Rows only: the opponents keep no documents either. */
const make = ({ folder, sink }: Spec): JobSink.JobSink =>
  sink === "sqlite"
    ? SqliteSink.make({ file: join(folder, "jobs.sqlite"), documents: "off" })
    : ParquetSink.make({ directory: join(folder, "dataset"), keep: "none" })

export const run: Run<Spec> = async (spec, stopwatch) => {
  const sink = make(spec)
  await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const { commit, finish, stage } = yield* sink.open
    const run = Effect.runPromiseWith(yield* Effect.context())
    const timed = <A, E>(work: Effect.Effect<A, E>) => Effect.promise(() => stopwatch.run(() => run(work)))
    let token = 0
    for (const batch of batches(spec.jobs, sink.capabilities.batch.maxRecords)) {
      const records = batch.map(({ record }) => record)
      yield* timed(Effect.andThen(stage(String(token), records), commit(String(token))))
      token++
    }
    yield* timed(finish({ outcome: "completed" }))
  })))
  return { rows: spec.jobs * rowsPerJob }
}
