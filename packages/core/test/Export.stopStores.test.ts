import { assert, describe, it } from "@effect/vitest"
import { strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { balanced, world } from "./support/exports.ts"
import { batchOf, FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"
import { settle } from "./support/time.ts"

describe("a stop while a slow sink has a full queue", () => {
  it.effect("stores all that was fetched", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(60)], undefined, 60)
      // Six batches of four: all of them take 1.5 seconds, more than the grace time, and less than that and a second.
      const before = (step: string) => step === "stage" ? Effect.sleep("250 millis") : Effect.void
      const sink = new MemorySink({ capabilities: { batch: { maxRecords: 4 } }, before })
      const { start } = yield* world(platform, [sink])
      yield* Effect.scoped(Effect.gen(function*() {
        const running = yield* start({ concurrency: 20, grace: "1 second" })
        yield* settle
        yield* running.stop
        const ending = yield* Effect.forkChild(running.await)
        for (let turn = 0; turn < 200 && ending.pollUnsafe() === undefined; turn++) {
          yield* settle
          yield* TestClock.adjust("50 millis")
        }
        const fetched = platform.kinds.filter((kind) => kind.startsWith("file")).length
        assert.isAbove(fetched, 8)
        strictEqual(sink.history.length, fetched)
        const report = yield* running.report
        balanced(report)
        strictEqual(report.batches[0]?.exported, fetched)
      }))
    }))
})
