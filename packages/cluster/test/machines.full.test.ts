import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as Machines from "./support/machines.ts"
import { missing, missingLoss } from "./support/network.ts"
import { succeed, type Trial } from "./support/trial.ts"
import { requestOf } from "./support/world.ts"

/** Milliseconds: a frozen runner is thawed after 3 minutes. */
const patience = 600_000

/** The timing of the command. */
const usual = { jobs: 400, sliceJobs: 20, latency: "1 second", timing: {} } as const

/** Seconds that a fault may add. */
const longest = 45

let undisturbed = Number.POSITIVE_INFINITY
const tried = (title: string, trial: Pick<Trial, "fault" | "clocks" | "schema">, isMissing = false) =>
  it.live.skipIf(isMissing)(title, () =>
    Effect.gen(function*() {
      const seconds = yield* succeed({ ...usual, ...trial })
      process.stdout.write(`${title}: ${seconds.toFixed(1)} s, undisturbed ${undisturbed.toFixed(1)} s\n`)
      assert.isBelow(seconds, undisturbed + longest)
    }), patience)

const minutes = (count: number) => Effect.sleep(`${count} minutes`)

/** The runner that holds the lock of the target. */
const publisher = ({ output, runners }: Parameters<NonNullable<Trial["fault"]>>[0]) =>
  Effect.repeat(
    Effect.sync(() => {
      const lock = join(output, ".labelstream", "lock")
      const [, index] = /"host":"runner(\d)"/.exec(existsSync(lock) ? readFileSync(lock, "utf8") : "") ?? []
      return index === undefined ? undefined : runners[Number(index) - 1]
    }),
    { schedule: Schedule.spaced("10 millis"), until: (found) => found !== undefined }
  )

describe.skipIf(missing !== undefined)("a cluster on three machines", () => {
  it.live("is complete without a fault", () =>
    Effect.map(succeed(usual), (seconds) => {
      undisturbed = seconds
    }), patience)

  tried("loses a runner to SIGKILL", {
    fault: ({ runners: [first] }) => first === undefined ? Effect.void : Effect.as(first.kill, first.address),
    schema: "labels"
  })

  tried("loses the runner that publishes to SIGKILL", {
    fault: (world) =>
      Effect.gen(function*() {
        yield* world.answered(usual.jobs)
        const found = yield* publisher(world)
        if (found === undefined) return assert.fail("nobody publishes")
        yield* found.kill
        return found.address
      })
  })

  tried("has a runner that freezes for 3 minutes", {
    fault: ({ runners: [first] }) =>
      first === undefined ? Effect.void : Effect.andThen(first.freeze, Effect.andThen(minutes(3), first.thaw)),
    schema: "labels"
  })

  for (
    const [title, cut] of [
      ["cannot reach the database", "cut"],
      ["cannot send to the database", "cutOneWay"]
    ] as const
  ) {
    tried(`has a runner that ${title} for a minute`, {
      fault: ({ database, network, runners: [first] }) =>
        first === undefined ? Effect.void : Effect.andThen(
          network[cut](first.machine, database),
          Effect.andThen(minutes(1), network.restore(first.machine, database))
        ),
      schema: "labels"
    })
  }

  tried("has a runner that receives nothing from the database for a minute", {
    fault: ({ database, network, runners: [first] }) =>
      first === undefined ? Effect.void : Effect.andThen(
        network.cutOneWay(database, first.machine),
        Effect.andThen(minutes(1), network.restore(first.machine, database))
      )
  })

  for (
    const [title, cut] of [["reach its peers", "cut"], ["send to its peers", "cutOneWay"]] as const
  ) {
    tried(`has a runner that cannot ${title} for a minute`, {
      fault: ({ network, runners: [first, ...others] }) => {
        if (first === undefined) return Effect.void
        const each = (change: "cut" | "cutOneWay" | "restore") =>
          Effect.forEach(others, (other) => network[change](first.machine, other.machine), { discard: true })
        return Effect.andThen(each(cut), Effect.andThen(minutes(1), each("restore")))
      }
    })
  }

  tried("loses 5 % of its packets", {
    fault: ({ network }) => network.lose(5)
  }, missingLoss() !== undefined)

  tried("has clocks that differ by ten minutes", { clocks: [600_000, 0, -600_000] })

  tried("has a database that is killed, and comes back after 20 seconds", {
    fault: ({ server }) =>
      Effect.promise(() => server.kill()).pipe(
        Effect.andThen(Effect.sleep("20 seconds")),
        Effect.andThen(Effect.promise(() => server.start()))
      )
  })

  tried("has its runners restarted one by one", { fault: ({ restartRunners }) => restartRunners })

  it.live(
    "reports to a waiting client within 5 seconds after an outage of the database, however long",
    () =>
      Effect.gen(function*() {
        const { database, end, network, simulator, submit } = yield* Machines.make({ ...usual, clocks: [] })
        const { id } = yield* submit(requestOf(simulator, ["files:nowhere"]))
        const heard = yield* Queue.unbounded<void>()
        yield* Effect.forkScoped(end(id, () => Effect.asVoid(Queue.offer(heard, undefined))))
        for (const seconds of [7, 13, 20, 27]) {
          yield* Queue.take(heard)
          yield* network.cut(network.here, database)
          yield* Effect.sleep(`${seconds} seconds`)
          yield* network.restore(network.here, database)
          const since = performance.now()
          yield* Queue.clear(heard)
          yield* Queue.take(heard)
          const late = (performance.now() - since) / 1000
          process.stdout.write(`a client heard after ${late.toFixed(1)} s of an outage of ${seconds} s\n`)
          assert.isBelow(late, 5)
        }
      }).pipe(Effect.scoped),
    patience
  )
})
