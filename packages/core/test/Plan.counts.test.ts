import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Export from "../src/Export.ts"
import * as LedgerMemory from "../src/LedgerMemory.ts"
import * as Plan from "../src/Plan.ts"
import { batchOf, FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"
import { lapse } from "./support/time.ts"

const contextOf = (platform: FakePlatform) =>
  Layer.build(Layer.merge(platform.layer({}), Layer.fresh(LedgerMemory.layer)))

describe("a plan", () => {
  it.effect("counts a batch that is named twice once", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(3, "a")])
      const context = yield* contextOf(platform)
      const batches = [platform.batches[0]!, platform.batches[0]!]
      const plan = yield* lapse(Plan.make({ batches, sinks: ["memory:one"], sample: 0 })).pipe(Effect.provide(context))
      const report = yield* lapse(Export.run({ batches, sinks: [new MemorySink().sink] })).pipe(Effect.provide(context))
      assert.deepStrictEqual(plan.batches.map(({ fetch }) => fetch), report.batches.map(({ exported }) => exported))
    }))

  it.effect("counts an unreadable entry that is listed twice once", () =>
    Effect.gen(function*() {
      const unreadable = { id: "m-0", listed: { id: "m-0", status: {} } }
      const platform = new FakePlatform([{
        projectId: "p",
        batchId: "m",
        jobs: [unreadable, { id: "m-1" }, unreadable]
      }])
      const context = yield* contextOf(platform)
      const options = { batches: platform.batches }
      const plan = yield* lapse(Plan.make({ ...options, sinks: ["x"], sample: 0 })).pipe(Effect.provide(context))
      const report = yield* lapse(Export.run({ ...options, sinks: [new MemorySink().sink] })).pipe(
        Effect.provide(context)
      )
      assert.strictEqual(plan.batches[0]!.failed, report.batches[0]!.failed)
    }))
})
