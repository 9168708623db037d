import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Ledger } from "../src/Ledger.ts"
import * as LedgerMemory from "../src/LedgerMemory.ts"
import { ref } from "./support/fakePlatform.ts"
import { settle } from "./support/time.ts"

describe("two exports on one ledger in memory", () => {
  it.effect("lose nothing when one of them fails", () =>
    Effect.gen(function*() {
      const ledger = yield* Ledger
      const receipt = { batchId: ref.batchId, jobId: "j", revision: { document: "d", attachments: "" }, bytes: 1 }
      const listed = { status: "completed", frames: 1, annotations: 1 }
      const reconciling = yield* Effect.forkChild(
        Effect.exit(ledger.transaction(Effect.andThen(Effect.sleep("1 second"), Effect.fail("inspect failed"))))
      )
      yield* settle
      const noting = yield* Effect.forkChild(
        Effect.exit(ledger.record([{ _tag: "Stored", batch: ref, sink: "s", receipt, listed, at: 1 }]))
      )
      yield* settle
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(reconciling)
      yield* yield* Fiber.join(noting)
      assert.strictEqual((yield* ledger.find(ref, ["j"]))[0]?.stage, "stored")
    }).pipe(Effect.provide(Layer.fresh(LedgerMemory.layer))))
})
