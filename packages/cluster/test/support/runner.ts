/** A runner as a process of its own. Takes its setting as JSON; says `ready` when it has joined; SIGTERM lets it leave. */
import { GtStudio } from "@labelstream/core"
import { NodeSpool, NodeTransport } from "@labelstream/node"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { ClusterStorage, ExportStore, Runner, SqlLedger } from "../../src/index.ts"
import { layerSinks } from "./sinks.ts"
import type { RunnerSetting } from "./world.ts"

const { apiKey, port, platform, sliceJobs, spool, timing, url } = JSON.parse(process.argv[2] ?? "") as RunnerSetting

const stores = Layer.mergeAll(SqlLedger.layer, ExportStore.layer).pipe(
  Layer.provideMerge(ClusterStorage.layer(Redacted.make(url), { maxConnections: 6 }))
)
const api = GtStudio.layer({ apiKey: Redacted.make(apiKey), baseUrl: platform }).pipe(
  Layer.provide(NodeTransport.layer()),
  Layer.provideMerge(NodeSpool.layer({ directory: spool }))
)
const runner = Runner.layer({ platform, address: { host: "127.0.0.1", port }, sliceJobs, ...timing }).pipe(
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
