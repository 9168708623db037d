import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Layer, Stream } from "effect"
import * as Export from "../src/Export.ts"
import { Ledger } from "../src/Ledger.ts"
import * as LedgerMemory from "../src/LedgerMemory.ts"
import * as Plan from "../src/Plan.ts"
import { batchOf, error, FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"
import { lapse } from "./support/time.ts"

const world = Effect.fnUntraced(function*(platform: FakePlatform) {
  const context = yield* Layer.build(
    Layer.merge(platform.layer({ retry: { retries: 1, base: 1 } }), Layer.fresh(LedgerMemory.layer))
  )
  const { sink } = new MemorySink()
  const plan = (more: Partial<Plan.Options> = {}) =>
    lapse(Plan.make({ batches: platform.batches, sinks: [sink.id], ...more })).pipe(Effect.provide(context))
  const run = (more: Partial<Export.Options> = {}) =>
    lapse(Export.run({ batches: platform.batches, sinks: [sink], ...more })).pipe(Effect.provide(context))
  const entries = Effect.provide(
    Ledger.use((ledger) => Stream.runCollect(Stream.flattenIterable(ledger.entries({})))),
    context
  )
  return { plan, run, entries }
})

describe("a plan", () => {
  it.effect("counts what the export then does, measures a few jobs, and notes nothing", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(12, "a"), batchOf(3, "b")])
      const { entries, plan, run } = yield* world(platform)
      const before = yield* plan({ sample: 4 })
      deepStrictEqual(before.batches.map(({ fetch, listed }) => [listed, fetch]), [[12, 12], [3, 3]])
      strictEqual(before.sample.jobs, 4)
      assert(before.sample.bytes > 0 && before.sample.requests >= 8)
      deepStrictEqual(yield* entries, [])
      yield* run({ limit: 5 })
      const between = yield* plan({ sample: 0 })
      deepStrictEqual(between.batches.map(({ fetch, unchanged }) => [fetch, unchanged]), [[7, 5], [3, 0]])
      const refresh = yield* plan({ sample: 0, selection: { _tag: "Refresh" }, limit: 13 })
      deepStrictEqual([refresh.limited, refresh.batches.map(({ fetch }) => fetch)], [true, [12, 1]])
    }))

  it.effect("reports a batch that cannot be listed, and jobs that could not be measured", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform(
        [batchOf(2, "a"), batchOf(2, "b")],
        (_, kind) => kind.startsWith("jobs a-") || kind.startsWith("page b") ? error(400, "FS_0006") : undefined
      )
      const { plan } = yield* world(platform)
      const { batches, sample } = yield* plan()
      strictEqual(batches[0]?.listingError, null)
      assert.include(batches[1]?.listingError ?? "", "does not know it")
      deepStrictEqual([sample.jobs, sample.failed], [0, 2])
    }))

  it.effect("counts jobs that are not wanted as skipped", () =>
    Effect.gen(function*() {
      const { plan } = yield* world(new FakePlatform([batchOf(4)]))
      const { batches } = yield* plan({ filter: ({ id }) => id === "b-2" })
      deepStrictEqual([batches[0]?.fetch, batches[0]?.skipped], [1, 3])
    }))
})
