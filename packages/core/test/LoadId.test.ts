import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { LoadId } from "../src/index.ts"

describe("LoadId", () => {
  it.effect("says when a run began, and is a safe integer", () =>
    Effect.gen(function*() {
      const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
      yield* TestClock.setTime(at)
      const ids = yield* Effect.replicateEffect(LoadId.make, 200)
      for (const id of ids) {
        assert.strictEqual(LoadId.startedAt(id), at)
        assert.isTrue(Number.isSafeInteger(id))
      }
      assert.isAbove(new Set(ids).size, 50)
    }))

  it.effect("is larger for a run that begins later", () =>
    Effect.gen(function*() {
      const first = yield* LoadId.make
      yield* TestClock.adjust(1)
      assert.isBelow(first, yield* LoadId.make)
    }))

  it("is the same wherever it is made of the same time and number", () => {
    assert.strictEqual(LoadId.of(1_700_000_000_123, 7), 1_700_000_000_123_007)
    assert.strictEqual(LoadId.of(1_700_000_000_123, 12_345), 1_700_000_000_123_345)
  })
})
