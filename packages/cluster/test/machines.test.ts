import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { missing } from "./support/network.ts"
import { succeed } from "./support/trial.ts"
import { shortTiming } from "./support/world.ts"

// Each fault by itself, and for longer, in the full matrix.
describe.skipIf(missing !== undefined)("a cluster on three machines", () => {
  it.live(
    "loses one runner to SIGKILL, and another one for a while to a database that it cannot reach",
    () =>
      succeed({
        jobs: 120,
        sliceJobs: 10,
        latency: "100 millis",
        timing: shortTiming,
        patience: "3 seconds",
        fault: ({ database, gone, network, runners: [first, second] }) =>
          Effect.gen(function*() {
            if (first === undefined || second === undefined) return assert.fail("there are no runners")
            yield* first.kill
            yield* network.cut(second.machine, database)
            yield* gone(second.address)
            yield* second.said("database does not respond")
            yield* network.restore(second.machine, database)
            yield* second.said("database responds again")
            return first.address
          })
      }),
    600_000
  )
})
