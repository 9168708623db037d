import {
  ClusterError,
  ClusterStorage,
  type Membership,
  Runner,
  RunnerHealth,
  SharedRateLimit,
  SinkResolver
} from "@labelstream/cluster"
import { GtStudio, Telemetry } from "@labelstream/core"
import { NodeImageHeader, NodeSpool, NodeTransport } from "@labelstream/node"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Target } from "../../Config.ts"
import * as NodeHeap from "../../NodeHeap.ts"
import { type Failure, SettingsError } from "../failure.ts"
import { type SettingFlags, settingsOf } from "../settings/flags.ts"
import { apiKey, resolveSettings, type Settings } from "../settings/settings.ts"
import { make } from "../settings/sinkTargets.ts"
import { onSignal } from "../signals.ts"
import { type TelemetryFlags, telemetryOf } from "../telemetry.ts"
import { clusterOf, stores } from "./clusterClient.ts"

export interface RunnerFlags extends SettingFlags, TelemetryFlags {
  readonly config: Option.Option<string>
  readonly address: Option.Option<string>
  readonly listen: Option.Option<string>
  readonly health: Option.Option<string>
}

const addressOf = (flag: string, text: string): Effect.Effect<Membership.Address, SettingsError> => {
  const [, host, port] = /^\[?([^[\]]+?)\]?:(\d{1,5})$/.exec(text) ?? []
  return host === undefined || Number(port) > 65_535
    ? new SettingsError({ message: `${flag} ${text}: expected HOST:PORT, such as 127.0.0.1:34431` })
    : Effect.succeed({ host, port: Number(port) })
}

/** A port that is free now: others have to know it before it is listened on. */
const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

/** The address of a runner without `--address`: on this machine, if the database is here too. */
const localAddress = Effect.fnUntraced(function*(url: Redacted.Redacted) {
  if (yield* ClusterStorage.isLocal(url)) return { host: "127.0.0.1", port: yield* freePort }
  return yield* new SettingsError({
    message:
      `The cluster's database is on another machine, ${yield* ClusterStorage.describe(url)}, and other runners ` +
      "must reach this one. Name this machine with --address HOST:PORT, or 127.0.0.1:PORT if all runners are on it"
  })
})

/** With a limit, all runners of the cluster take their turns from one. */
const transport = ({ baseUrl, requestsPerSecond }: Settings) =>
  requestsPerSecond === undefined
    ? NodeTransport.layer()
    : SharedRateLimit.layer({ origin: new URL(baseUrl).origin, requestsPerSecond }).pipe(
      Layer.provide(NodeTransport.layer())
    )

/** Sinks as the requests name them, made as on the command line. */
const resolver = ({ folder }: Settings) =>
  Layer.succeed(SinkResolver.SinkResolver, {
    resolve: (target) =>
      Effect.mapError(
        make({ folder, target: target as Target }),
        ({ message }) => new ClusterError.ClusterError({ reason: "refused", detail: message })
      )
  })

/** An address that cannot be used is a setting that is wrong. */
const notListening = ({ cause, message }: { readonly cause?: unknown; readonly message: string }) => {
  const why = cause instanceof Error ? cause.message : message
  return new SettingsError({ message: `The runner cannot listen: ${why}. --address, --listen and --health say where` })
}

/** Works for a cluster until a signal asks it to leave. */
export const run = (flags: RunnerFlags): Effect.Effect<number, Failure> =>
  Effect.scoped(Effect.gen(function*() {
    const settings = yield* resolveSettings(settingsOf(flags), Option.getOrUndefined(flags.config))
    const url = yield* clusterOf(settings)
    const place = yield* ClusterStorage.describe(url)
    const address = Option.isSome(flags.address)
      ? yield* addressOf("--address", flags.address.value)
      : yield* localAddress(url)
    const listen = Option.isSome(flags.listen) ? yield* addressOf("--listen", flags.listen.value) : undefined
    const health = Option.isSome(flags.health) ? yield* addressOf("--health", flags.health.value) : undefined
    const spool = NodeSpool.layer({ directory: join(tmpdir(), `labelstream-runner-${process.pid}`) })
    const platform = GtStudio.layer({
      apiKey: yield* apiKey,
      baseUrl: settings.baseUrl,
      allowInsecureHttp: settings.allowHttp,
      ...(settings.concurrency === undefined ? {} : { maxInFlight: settings.concurrency })
    }).pipe(Layer.provide(transport(settings)))
    const runner = Runner.layer({
      platform: settings.baseUrl,
      address,
      ...(settings.concurrency === undefined ? {} : { concurrency: settings.concurrency }),
      ...(listen === undefined ? {} : { listen })
    })
    const endpoints = health === undefined
      ? Layer.empty
      : RunnerHealth.layer(health)
    const leave = yield* Deferred.make<void>()
    yield* onSignal(Effect.andThen(
      Effect.logInfo("Leaving: jobs in flight are finished first, other runners take the rest."),
      Deferred.succeed(leave, undefined)
    ))
    const working = endpoints.pipe(
      Layer.provideMerge(runner),
      Layer.provide(Layer.mergeAll(resolver(settings), platform.pipe(Layer.provideMerge(spool)), NodeHeap.layerSmall)),
      Layer.provide(stores(url)),
      Layer.provide(health === undefined ? Layer.empty : Telemetry.layer)
    )
    yield* Effect.scoped(Effect.gen(function*() {
      yield* Layer.build(working).pipe(Effect.catchTags({ SocketServerError: notListening, ServeError: notListening }))
      yield* Effect.logInfo(`Working at ${address.host}:${address.port} for the cluster in ${place}. Ctrl-C leaves it.`)
      yield* Deferred.await(leave)
    }))
    return 0
  })).pipe(Effect.provide([telemetryOf(flags), NodeImageHeader.layer]))
