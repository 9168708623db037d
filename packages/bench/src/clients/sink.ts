/** Rows into a sink, batch by batch as the engine would hand them over. */
import type { JobSink } from "@labelstream/core"
import { ParquetSink } from "@labelstream/sink-parquet"
import { SqliteSink } from "@labelstream/sink-sqlite"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import type { Run } from "../harness/client.ts"
import { postgresSink, storeAll } from "../support/intoSink.ts"
import { rowsPerJob } from "../support/rows.ts"

interface Spec {
  readonly folder: string
  readonly jobs: number
  readonly sink: "sqlite" | "parquet" | "postgres"
  /** URL of the server, for PostgreSQL. */
  readonly url?: string
}

/** Rows only: the opponents keep no documents either. */
const make = ({ folder, sink }: Spec): JobSink.JobSink =>
  sink === "sqlite"
    ? SqliteSink.make({ file: join(folder, "jobs.sqlite"), documents: "off" })
    : ParquetSink.make({ directory: join(folder, "dataset"), keep: "none" })

export const run: Run<Spec> = async (spec, stopwatch) => {
  const { drop, sink } = spec.sink === "postgres"
    ? postgresSink(spec.url ?? "")
    : { sink: make(spec), drop: Effect.void }
  await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const run = Effect.runPromiseWith(yield* Effect.context())
    yield* storeAll(sink, spec.jobs, (work) => Effect.promise(() => stopwatch.run(() => run(work))))
  })))
  await Effect.runPromise(drop)
  return { rows: spec.jobs * rowsPerJob }
}
