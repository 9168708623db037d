/** A cluster in one folder: its database, its runners as their own processes, and an export of one batch by them. */
import { ClusterExport, ClusterStorage, ExportStore, Membership, SqlLedger } from "@labelstream/cluster"
import type { Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { SqlClient } from "effect/sql/SqlClient"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import type { Measurement, Stopwatch } from "../harness/measurement.ts"
import { start } from "../harness/process.ts"
import type { Address } from "../harness/server.ts"

/** What the processes of a cluster are told. */
export interface ClusterSpec {
  readonly address: Address
  readonly folder: string
}

/** A database of PostgreSQL that the environment names, or a file in the folder. */
const urlOf = ({ folder }: ClusterSpec) =>
  Redacted.make(process.env["LABELSTREAM_CLUSTER"] ?? `sqlite:${join(folder, "cluster.db")}`)

/** What is kept in the cluster's database. */
export const stores = (
  spec: ClusterSpec
): Layer.Layer<SqlClient | Ledger.Ledger | ExportStore.ExportStore, Ledger.LedgerError> =>
  Layer.mergeAll(SqlLedger.layer, ExportStore.layer).pipe(Layer.provideMerge(ClusterStorage.layer(urlOf(spec))))

/** A runner's process. */
export interface RunnerProcess {
  readonly child: ChildProcess
  /** Lets it leave; what it took from its start on. */
  readonly leave: () => Promise<Measurement>
}

const startRunner = async (spec: ClusterSpec): Promise<RunnerProcess> => {
  const child = start("client", ["runner", JSON.stringify(spec)])
  await once(child, "message")
  return {
    child,
    leave: async () => {
      const measured = once(child, "message") as Promise<[Measurement]>
      const exit = once(child, "exit")
      child.kill("SIGTERM")
      const [measurement] = await measured
      await exit
      return measurement
    }
  }
}

/** Starts runners; all have joined when it returns. */
export const startRunners = (spec: ClusterSpec, count: number): Promise<ReadonlyArray<RunnerProcess>> =>
  Promise.all(Array.from({ length: count }, () => startRunner(spec)))

/** Has the batch exported to files by whatever runners there are, and takes the time of that. */
export const exportBatch = (spec: ClusterSpec, stopwatch: Stopwatch): Promise<ClusterExport.Status> => {
  const { address, folder } = spec
  const work = Effect.gen(function*() {
    const { id } = yield* ClusterExport.submit({
      platform: address.apiUrl,
      batches: [{ projectId: address.projectId, batchId: address.batchId }],
      sinks: [join(folder, "files")],
      mode: "new",
      attachments: "results",
      statuses: [],
      labels: [],
      limit: null
    })
    return yield* ClusterExport.awaitEnd(id)
  })
  const client = Membership.layerClient().pipe(Layer.provideMerge(stores(spec)))
  return Effect.context<Layer.Success<typeof client>>().pipe(
    Effect.flatMap((context) =>
      Effect.promise(() => stopwatch.run(() => Effect.runPromise(Effect.provideContext(work, context))))
    ),
    Effect.provide(client),
    Effect.runPromise
  )
}
