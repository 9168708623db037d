/** The health and metrics of a runner over HTTP. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import type { Ledger } from "@labelstream/core"
import * as ClusterMetrics from "effect/cluster/ClusterMetrics"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import type { ServeError } from "effect/http/HttpServerError"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import { createServer } from "node:http"
import { ExportStore } from "./ExportStore.ts"
import type { Address } from "./Membership.ts"
import { Runner } from "./Runner.ts"

/** Longest wait for the database. */
const patience = "2 seconds"

const health = Effect.gen(function*() {
  const runner = yield* Runner
  const store = yield* ExportStore
  const joined = yield* runner.isJoined
  const reached = yield* store.list(1).pipe(
    Effect.timeoutOption(patience),
    Effect.match({
      onFailure: (error: Ledger.LedgerError) => error.message,
      onSuccess: (answer) => answer._tag === "Some" ? "ok" : "no answer"
    })
  )
  const shards = yield* Metric.value(ClusterMetrics.shards)
  const body = { joined, database: reached, shards: Number(shards.value) }
  return HttpServerResponse.jsonUnsafe(body, { status: joined && reached === "ok" ? 200 : 503 })
})

/**
 * Serves `GET /health` (200 while the runner is in the cluster and reaches its database, otherwise 503) and `GET /metrics` in
 * Prometheus' text format. Neither holds a secret.
 */
export const layer = ({ host, port }: Address): Layer.Layer<never, ServeError, Runner | ExportStore> =>
  HttpRouter.serve(
    Layer.mergeAll(HttpRouter.add("GET", "/health", health), PrometheusMetrics.layerHttp()),
    { disableLogger: true, disableListenLog: true }
  ).pipe(Layer.provide(NodeHttpServer.layer(createServer, { host, port })))
