/** A runner as a process of its own. Takes its setting as JSON; says `ready` when it has joined; SIGTERM lets it leave. */
import { GtStudio } from "@labelstream/core"
import { NodeSpool, NodeTransport } from "@labelstream/node"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { ClusterStorage, ExportStore, Runner, SqlLedger } from "../../src/index.ts"
import type { RunnerSetting } from "./runnerProcess.ts"
import { layerSinks } from "./sinks.ts"

const setting = JSON.parse(process.argv[2] ?? "") as RunnerSetting
const { apiKey, concurrency, host, patience, platform, port, sliceJobs, spool, timing, url } = setting

const stores = Layer.mergeAll(SqlLedger.layer, ExportStore.layer).pipe(
  Layer.provideMerge(
    ClusterStorage.layer(Redacted.make(url), { maxConnections: 6, ...(patience === undefined ? {} : { patience }) })
  )
)
const api = GtStudio.layer({ apiKey: Redacted.make(apiKey), baseUrl: platform, allowInsecureHttp: true }).pipe(
  Layer.provide(NodeTransport.layer()),
  Layer.provideMerge(NodeSpool.layer({ directory: spool }))
)
const runner = Runner.layer({
  platform,
  address: { host, port },
  sliceJobs,
  ...(concurrency === undefined ? {} : { concurrency }),
  ...timing
}).pipe(
  Layer.provide(Layer.mergeAll(layerSinks, api)),
  Layer.provide(stores)
)

// Nothing is left of it when the tests are killed.
process.stdin.on("end", () => process.exit(1)).resume()

await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
  const leave = yield* Deferred.make<void>()
  process.on("SIGTERM", () => Effect.runFork(Deferred.succeed(leave, undefined)))
  yield* Layer.build(runner)
  process.stdout.write("ready\n")
  yield* Deferred.await(leave)
})))
process.exit(0)
