import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Layer } from "effect"
import * as Export from "../src/Export.ts"
import * as LedgerMemory from "../src/LedgerMemory.ts"
import { balanced, counts, idsIn, released } from "./support/exports.ts"
import { batchOf, FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"
import { lapse } from "./support/time.ts"

describe("a sink that is added later", () => {
  it.effect("reads the other sink's contents while its stream lasts, to the last job", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(30)])
      const holding = new MemorySink({ id: "memory:holding", replays: true })
      const added = new MemorySink({
        id: "memory:added",
        capabilities: { batch: { maxRecords: 20, maxAge: 1000 } },
        before: (step) => step === "stage" ? Effect.sleep(500) : Effect.void
      })
      const context = yield* Layer.build(Layer.merge(platform.layer(), Layer.fresh(LedgerMemory.layer)))
      const run = (sinks: ReadonlyArray<MemorySink>) =>
        lapse(Effect.provide(
          Export.run({ batches: platform.batches, sinks: sinks.map(({ sink }) => sink) }),
          context
        ))
      strictEqual(counts(yield* run([holding])).exported, 30)
      const asked = platform.kinds.length
      const report = yield* run([holding, added])
      released(platform, [holding, added])
      balanced(report)
      deepStrictEqual(counts(report), { listed: 30, exported: 0, unchanged: 30, unfinished: 0, failed: 0 })
      deepStrictEqual(idsIn(added), idsIn(holding))
      strictEqual(added.history.length, 30)
      assert.deepStrictEqual(platform.kinds.slice(asked).filter((kind) => !kind.startsWith("page")), [])
    }))
})
