/** A runner with its defaults. Says that it has joined, and leaves on SIGTERM. */
import { Runner, SinkResolver } from "@labelstream/cluster"
import { GtStudio } from "@labelstream/core"
import { NodeSpool, NodeTransport } from "@labelstream/node"
import { FilesSink } from "@labelstream/sink-files"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import { once } from "node:events"
import { createServer } from "node:net"
import { join } from "node:path"
import type { Run } from "../harness/client.ts"
import { type ClusterSpec, stores } from "../support/clusterRunners.ts"

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  return typeof address === "object" && address !== null ? address.port : 0
}

const sinks = Layer.succeed(SinkResolver.SinkResolver, {
  resolve: (directory) => Effect.succeed(FilesSink.make({ directory: String(directory) }))
})

export const run: Run<ClusterSpec> = async (spec, stopwatch) => {
  const { address: { apiKey, apiUrl }, folder } = spec
  const api = GtStudio.layer({ apiKey: Redacted.make(apiKey), baseUrl: apiUrl }).pipe(
    Layer.provide(NodeTransport.layer()),
    Layer.provideMerge(NodeSpool.layer({ directory: join(folder, `spool-${process.pid}`) }))
  )
  const address = { host: "127.0.0.1", port: await freePort() }
  const runner = Runner.layer({ platform: apiUrl, address }).pipe(
    Layer.provide(Layer.mergeAll(sinks, api)),
    Layer.provide(stores(spec))
  )
  const work = Effect.gen(function*() {
    yield* Layer.build(runner)
    const leave = once(process, "SIGTERM")
    process.send?.("joined")
    yield* Effect.promise(() => leave)
  })
  const quiet = Effect.provideService(Effect.scoped(work), References.MinimumLogLevel, "None")
  await stopwatch.run(() => Effect.runPromise(quiet))
  return {}
}
