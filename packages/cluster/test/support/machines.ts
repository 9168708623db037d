/**
 * A cluster on several machines: each runner, the database, and GT Studio (with the client, which is the test) on one of its
 * own.
 */
import type { Simulator } from "@labelstream/simulator"
import * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { startPostgres } from "../../../../scripts/testPostgres.ts"
import type { Membership } from "../../src/index.ts"
import * as Network from "./network.ts"
import * as World from "./world.ts"

export interface Options {
  readonly jobs: number
  readonly sliceJobs: number
  readonly latency: Simulator.Options["latency"]
  readonly timing: Membership.Timing
  readonly patience?: World.Options["patience"]
  /** Milliseconds by which the clock of each runner is ahead; one runner for each. Default: 3 runners, right clocks. */
  readonly clocks?: ReadonlyArray<number>
}

/** Starts the machines, and waits until all runners have joined. */
export const make = Effect.fnUntraced(
  function*({ clocks = [0, 0, 0], jobs, latency = 0, patience, sliceJobs, timing }: Options) {
    const names = clocks.map((_, index) => `runner${index + 1}`)
    const network = yield* Network.make(["database", ...names])
    const database = network.machine("database")
    const server = yield* Effect.acquireRelease(
      Effect.promise(() => startPostgres(database)),
      (server) => Effect.promise(() => server.stop())
    )
    const world = yield* World.make({
      kind: { url: Effect.succeed(Redacted.make(server.url)) },
      simulator: { batches: [{ id: "one", jobs }], host: network.here.address, latency },
      sliceJobs,
      concurrency: 16,
      timing,
      ...(patience === undefined ? {} : { patience })
    })
    const start = (name: string, clockShift: number) => {
      const machine = network.machine(name)
      return Effect.map(world.runnerAt({ machine, clockShift }), (runner) => ({ ...runner, machine }))
    }
    const runners = yield* Effect.forEach(clocks, (clock, index) => start(names[index] ?? "", clock), {
      concurrency: "unbounded"
    })
    const members = RunnerStorage.RunnerStorage.use((storage) => storage.getRunners).pipe(
      Effect.map((found) =>
        found.flatMap(([{ address: { host, port } }, healthy]) => healthy ? [`${host}:${port}`] : [])
      ),
      Effect.orElseSucceed((): ReadonlyArray<string> => []),
      Effect.provideContext(world.client)
    )
    const look = Schedule.spaced("500 millis")
    return {
      ...world,
      network,
      database,
      server,
      runners,
      /** Lets each runner leave and starts it again, one by one. */
      restartRunners: Effect.forEach(
        runners,
        (runner, index) => Effect.andThen(runner.leave, start(names[index] ?? "", clocks[index] ?? 0)),
        { discard: true }
      ),
      /** Waits until the cluster has these runners, and no other ones. */
      joined: (addresses: ReadonlyArray<string>) =>
        Effect.repeat(members, {
          schedule: look,
          until: (found) => found.length === addresses.length && addresses.every((each) => found.includes(each))
        }),
      /** Waits until the cluster no longer has a runner. */
      gone: (address: string) =>
        Effect.repeat(members, { schedule: look, until: (found) => found.length > 0 && !found.includes(address) })
    }
  }
)

export type Machines = Effect.Success<ReturnType<typeof make>>
