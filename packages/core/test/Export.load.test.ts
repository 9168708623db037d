import { assert, describe, it } from "@effect/vitest"
import { strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import * as LoadId from "../src/LoadId.ts"
import { world } from "./support/exports.ts"
import { batchOf, FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"

/** A sink that also notes which run brought each job. */
const noting = (options: ConstructorParameters<typeof MemorySink>[0] = {}) => {
  const loads = new Map<string, number>()
  const sink = new MemorySink({
    ...options,
    before: (step, _, records) =>
      Effect.sync(() => {
        if (step === "stage") { for (const { jobId, load } of records) loads.set(jobId, load) }
      })
  })
  return { sink, loads }
}

const only = (loads: ReadonlyMap<string, number>) => {
  const ids = new Set(loads.values())
  strictEqual(ids.size, 1, `${ids.size} load ids`)
  return Array.from(ids)[0]!
}

describe("the load id of a run", () => {
  it.effect("is one for all jobs and sinks of the run, and another for the next run", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(12), batchOf(3, "c")])
      const [one, other] = [noting({ id: "memory:one" }), noting({ id: "memory:other" })]
      const { run } = yield* world(platform, [one.sink, other.sink])
      yield* run()
      strictEqual(one.loads.size, 15)
      const first = only(one.loads)
      strictEqual(only(other.loads), first)
      one.loads.clear()
      platform.batches[0]!.jobs.push({ id: "b-new" })
      yield* run()
      assert.deepStrictEqual(Array.from(one.loads.keys()), ["b-new"])
      assert.isAbove(only(one.loads), first)
      assert.isAtLeast(LoadId.startedAt(only(one.loads)), LoadId.startedAt(first))
    }))

  it.effect("is the given one", () =>
    Effect.gen(function*() {
      const { loads, sink } = noting()
      const { run } = yield* world(new FakePlatform([batchOf(5)]), [sink])
      yield* run({ load: 1_700_000_000_123_007 })
      strictEqual(loads.size, 5)
      strictEqual(only(loads), 1_700_000_000_123_007)
    }))

  it.effect("is the backfill's own for jobs that another sink held already", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(6)])
      const holding = noting({ id: "memory:holding", replays: true })
      yield* world(platform, [holding.sink]).pipe(Effect.flatMap(({ run }) => run({ load: 1 })))
      strictEqual(only(holding.loads), 1)
      const added = noting({ id: "memory:added" })
      const { run } = yield* world(platform, [holding.sink, added.sink])
      yield* run({ load: 2 })
      strictEqual(added.loads.size, 6)
      strictEqual(only(added.loads), 2)
      strictEqual(only(holding.loads), 1)
    }))
})
