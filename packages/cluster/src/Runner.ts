/** A runner: a process that does exports together with other runners. */
import { Export, type GtStudio, type Spool } from "@labelstream/core"
import * as Clock from "effect/Clock"
import * as Sharding from "effect/cluster/Sharding"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { SqlClient } from "effect/sql/SqlClient"
import type { ExportStore } from "./ExportStore.ts"
import * as ExportWorkflow from "./ExportWorkflow.ts"
import { layerQuiet } from "./internal/membership/clusterLogs.ts"
import { Heartbeat } from "./internal/membership/heartbeat.ts"
import * as Slice from "./internal/run/Slice.ts"
import * as Sessions from "./internal/sessions.ts"
import { type Address, defaultTiming, type JoinError, layerRunner, type Timing } from "./Membership.ts"
import type { SinkResolver } from "./SinkResolver.ts"

/** How a runner works. */
export interface Options extends Timing {
  /** Base URL of the API that `GtStudio` uses. The runner refuses exports from another one. */
  readonly platform: string
  /** Where other runners reach this one. */
  readonly address: Address
  /** Where it listens, if that differs from `address`. */
  readonly listen?: Address
  /** Jobs in flight, from 1. Default: 96, as for an export on one machine. */
  readonly concurrency?: number
  /**
   * Jobs that fill a slice, from 1. Default: 200. A slice ends with a page of the listing, so it can have up to 99 more. If a
   * runner dies, others fetch the jobs that it had in flight again: those of up to two slices.
   */
  readonly sliceJobs?: number
}

/** A runner that is open. */
export class Runner extends Context.Service<Runner, {
  /** Whether the runner is in the cluster: false while it has lost the database, and once it leaves. */
  readonly isJoined: Effect.Effect<boolean>
}>()("@labelstream/cluster/Runner") {}

/** What a runner needs. */
type Needs = SqlClient | ExportStore | SinkResolver | GtStudio.GtStudio | Spool.Spool

/** Slices at once: while one ends, the next one keeps requests going. */
const slicesAtOnce = 2

/** A shorter outage is not logged: a failed heartbeat is retried at once. */
const worthSaying = "2 seconds"

const layerJoined = (options: Options): Layer.Layer<Sharding.Sharding | Heartbeat, JoinError, Needs> => {
  const { address, platform } = options
  const concurrency = Math.max(1, Math.ceil((options.concurrency ?? Export.defaultConcurrency) / slicesAtOnce))
  const work = {
    platform,
    runner: `${address.host}:${address.port}`,
    concurrency,
    sliceJobs: Math.max(1, options.sliceJobs ?? 200)
  }
  const enrolled = Layer.effectDiscard(Effect.ignore(Sessions.enroll("", work.runner)))
  return Layer.mergeAll(ExportWorkflow.layer(work), Slice.layer(slicesAtOnce), enrolled).pipe(
    Layer.provide(Sessions.layer(work)),
    Layer.provideMerge(layerRunner(options))
  )
}

const make = Effect.fnUntraced(function*(options: Options) {
  const outer = yield* Effect.scope
  const sql = yield* SqlClient
  const { lockExpiration = defaultTiming.lockExpiration, poll = defaultTiming.poll } = options
  let sharding: Sharding.Sharding["Service"] | undefined

  /** Joins the cluster until the returned scope closes. */
  const join = Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const scope = yield* Scope.fork(outer)
      const memoMap = yield* Layer.makeMemoMap
      const context = yield* restore(Layer.buildWithMemoMap(layerJoined(options), memoMap, scope)).pipe(
        Effect.onExit((exit) => Exit.isFailure(exit) ? Scope.close(scope, exit) : Effect.void)
      )
      sharding = Context.get(context, Sharding.Sharding)
      return { scope, heartbeat: Context.get(context, Heartbeat) }
    })
  )
  const rejoin = Effect.gen(function*() {
    for (;;) {
      const exit = yield* Effect.exit(Effect.andThen(sql`SELECT 1`, join))
      if (Exit.isSuccess(exit)) return exit.value
      yield* Effect.sleep(poll)
    }
  })
  /** Leaves the cluster once heartbeats have failed for as long as a lock lasts, and joins it again when it can. */
  const stay = Effect.fnUntraced(function*(first: Effect.Success<typeof join>) {
    let joined = first
    for (;;) {
      yield* joined.heartbeat.failing(worthSaying)
      const since = yield* Clock.currentTimeMillis
      yield* Effect.logWarning("The cluster's database does not respond. This runner pauses until it does.")
      const isLost = yield* Effect.raceFirst(
        Effect.as(joined.heartbeat.arriving, false),
        Effect.as(joined.heartbeat.missing(lockExpiration), true)
      )
      if (isLost) {
        sharding = undefined
        // Closes its socket and drops its work, which other runners have by now.
        yield* Scope.close(joined.scope, Exit.void)
        joined = yield* rejoin
      }
      const seconds = Math.round(((yield* Clock.currentTimeMillis) - since) / 1000)
      yield* Effect.logInfo(`The cluster's database responds again, after ${seconds} seconds.`)
    }
  })

  yield* Effect.forkScoped(stay(yield* join))
  return Runner.of({
    isJoined: Effect.suspend(() =>
      sharding === undefined ? Effect.succeed(false) : Effect.map(sharding.isShutdown, (is) => !is)
    )
  })
})

/**
 * Runs exports while the layer is open. When it closes, jobs in flight have 5 seconds to end; unfinished slices go to other
 * runners. A runner that cannot reach the database for as long as a lock lasts closes its
 * socket, drops its work, and joins again when it can.
 */
export const layer = (options: Options): Layer.Layer<Runner, JoinError, Needs> =>
  Layer.effect(Runner, make(options)).pipe(Layer.provide(layerQuiet))
