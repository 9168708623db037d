import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { missing } from "./support/network.ts"
import { succeed, type Trial } from "./support/trial.ts"

/** Milliseconds: a frozen runner is thawed after 3 minutes. */
const patience = 600_000

/** The timing of the command. */
const usual = { jobs: 400, sliceJobs: 20, latency: "1 second", timing: {} } as const

/** Seconds that a fault may add. */
const longest = 45

let undisturbed = Number.POSITIVE_INFINITY
const tried = (title: string, trial: Pick<Trial, "fault" | "clocks" | "endsFirst" | "schema">) =>
  it.live(title, () =>
    Effect.gen(function*() {
      const seconds = yield* succeed({ ...usual, ...trial })
      process.stdout.write(`${title}: ${seconds.toFixed(1)} s, undisturbed ${undisturbed.toFixed(1)} s\n`)
      assert.isBelow(seconds, undisturbed + longest)
    }), patience)

const minutes = (count: number) => Effect.sleep(`${count} minutes`)

describe.skipIf(missing !== undefined)("a cluster on three machines", () => {
  it.live("is complete without a fault", () =>
    Effect.map(succeed(usual), (seconds) => {
      undisturbed = seconds
    }), patience)

  tried("loses a runner to SIGKILL", {
    fault: ({ runners: [first] }) => first?.kill ?? Effect.void,
    endsFirst: true,
    schema: "labels"
  })

  tried("has a runner that freezes for 3 minutes", {
    fault: ({ runners: [first] }) =>
      first === undefined ? Effect.void : Effect.andThen(first.freeze, Effect.andThen(minutes(3), first.thaw))
  })

  tried("has a runner that cannot reach the database for a minute", {
    fault: ({ database, network, runners: [first] }) =>
      first === undefined ? Effect.void : Effect.andThen(
        network.cut(first.machine, database),
        Effect.andThen(minutes(1), network.restore(first.machine, database))
      )
  })

  tried("has a runner that cannot reach its peers for a minute", {
    fault: ({ network, runners: [first, ...others] }) => {
      if (first === undefined) return Effect.void
      const each = (change: typeof network.cut) =>
        Effect.forEach(others, (other) => change(first.machine, other.machine), { discard: true })
      return Effect.andThen(each(network.cut), Effect.andThen(minutes(1), each(network.restore)))
    }
  })

  tried("has clocks that differ by ten minutes", { clocks: [600_000, 0, -600_000] })

  tried("has a database that is killed, and comes back after 20 seconds", {
    fault: ({ server }) =>
      Effect.promise(() => server.kill()).pipe(
        Effect.andThen(Effect.sleep("20 seconds")),
        Effect.andThen(Effect.promise(() => server.start()))
      )
  })

  tried("has its runners restarted one by one", { fault: ({ restartRunners }) => restartRunners })
})
