/**
 * Membership in a cluster: as a runner, which does work, or as a client, which submits it. Processes meet in the database.
 * Runners also talk to each other over sockets that no one else may reach.
 */
import * as NodeClusterSocket from "@effect/platform-node/NodeClusterSocket"
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import * as ClusterWorkflowEngine from "effect/cluster/ClusterWorkflowEngine"
import type { MessageStorage } from "effect/cluster/MessageStorage"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import type { RunnerStorage } from "effect/cluster/RunnerStorage"
import type { Sharding } from "effect/cluster/Sharding"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as SqlMessageStorage from "effect/cluster/SqlMessageStorage"
import * as SqlRunnerStorage from "effect/cluster/SqlRunnerStorage"
import type * as Config from "effect/Config"
import type * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { SocketServerError } from "effect/socket/SocketServer"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { WorkflowEngine } from "effect/workflow/WorkflowEngine"
import * as Claims from "./internal/membership/claims.ts"
import * as Heartbeat from "./internal/membership/heartbeat.ts"

/** Where a process can be reached. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** Times, the same for all runners of a cluster. Shorter ones notice a death earlier, and ask the database more often. */
export interface Timing {
  /** How long a runner keeps its work after its last heartbeat. Default: 15 seconds. */
  readonly lockExpiration?: Duration.Input
  /** How often a runner reads the members and new work from the database. Default: 2 seconds. */
  readonly poll?: Duration.Input
  /** How often runners check each other. Default: 5 seconds. */
  readonly healthCheck?: Duration.Input
}

/** What exports need from a cluster. */
export type Services = Sharding | MessageStorage | RunnerStorage | WorkflowEngine

/** What a joined runner has. */
type RunnerServices = Services | Heartbeat.Heartbeat

/** Why a process could not join. */
export type JoinError = SocketServerError | SqlError | Config.ConfigError

/** The defaults of `Timing`. */
export const defaultTiming = { lockExpiration: "15 seconds", poll: "2 seconds", healthCheck: "5 seconds" } as const

/** An export that moves to another runner waits for this long. Slices end by themselves within their grace time. */
const termination: Duration.Input = "5 seconds"

const settings = (timing: Timing) => {
  const { healthCheck, lockExpiration, poll } = { ...defaultTiming, ...timing }
  return {
    shardLockExpiration: lockExpiration,
    refreshAssignmentsInterval: poll,
    entityMessagePollInterval: poll,
    runnerHealthCheckInterval: healthCheck,
    entityTerminationTimeout: termination,
    // The schemas of messages check what crosses between processes.
    simulateRemoteSerialization: false
  }
}

const join = (config: Partial<ShardingConfig.ShardingConfig["Service"]>, clientOnly: boolean) => {
  const options = { storage: "byo", shardingConfig: config } as const
  const sharding: Layer.Layer<Sharding, SocketServerError | Config.ConfigError, MessageStorage | RunnerStorage> =
    clientOnly
      ? NodeClusterSocket.layer({ ...options, clientOnly: true })
      : NodeClusterSocket.layer(options)
  const storage = Layer.mergeAll(
    Claims.layer.pipe(Layer.provide(SqlMessageStorage.layer), Layer.provide(NodeCrypto.layerDigest)),
    Heartbeat.layer.pipe(Layer.provide(SqlRunnerStorage.layer))
  ).pipe(Layer.provide(ShardingConfig.layer(config)))
  return ClusterWorkflowEngine.layer.pipe(Layer.provideMerge(sharding), Layer.provideMerge(storage))
}

/** Joins as a runner that others reach at this address, and that listens at `listen`. Default of `listen`: the same address. */
export const layerRunner = (
  { address, listen, ...timing }: Timing & { readonly address: Address; readonly listen?: Address }
): Layer.Layer<RunnerServices, JoinError, SqlClient> =>
  join({
    ...settings(timing),
    runnerAddress: Option.some(RunnerAddress.make(address.host, address.port)),
    runnerListenAddress: Option.fromUndefinedOr(
      listen === undefined ? undefined : RunnerAddress.make(listen.host, listen.port)
    )
  }, false)

/** Joins as a client, which submits work and reads its status. */
export const layerClient = (timing: Timing = {}): Layer.Layer<Services, JoinError, SqlClient> =>
  join({ ...settings(timing), runnerAddress: Option.none() }, true)
