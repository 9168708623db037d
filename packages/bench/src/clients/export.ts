/** An export with everything that it does by default, into the sinks that are named. */
import { Export, type JobSink } from "@labelstream/core"
import { SqliteLedger } from "@labelstream/node"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import type { Run } from "../harness/client.ts"
import type { Address } from "../harness/server.ts"
import { platform } from "../support/platform.ts"

/** Sinks by the names that benchmarks use. Loaded only where they are asked for: start-up counts. */
const makers: Record<string, (folder: string) => Promise<JobSink.JobSink>> = {
  files: async (folder) =>
    (await import("@labelstream/sink-files")).FilesSink.make({ directory: join(folder, "files") }),
  sqlite: async (folder) =>
    (await import("@labelstream/sink-sqlite")).SqliteSink.make({ file: join(folder, "jobs.sqlite") }),
  parquet: async (folder) =>
    (await import("@labelstream/sink-parquet")).ParquetSink.make({ directory: join(folder, "dataset") })
}

interface Spec {
  readonly address: Address
  readonly folder: string
  readonly sinks: ReadonlyArray<string>
}

export const run: Run<Spec> = async ({ address, folder, sinks: names }, stopwatch) => {
  const sinks = await Promise.all(names.map((name) => makers[name]!(folder)))
  const { batchId, projectId } = address
  const report = await stopwatch.run(() =>
    Export.run({ batches: [{ projectId, batchId }], sinks }).pipe(
      Effect.provide([
        platform(address, folder),
        SqliteLedger.layer({ file: join(folder, ".labelstream", "ledger.sqlite") })
      ]),
      Effect.runPromise
    )
  )
  const [batch] = report.batches
  if (!report.complete || batch === undefined) throw new Error("the export is not complete")
  return { jobs: batch.listed, exported: batch.exported, unchanged: batch.unchanged, bytes: batch.bytes }
}
