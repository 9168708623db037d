import { assert, describe, it } from "@effect/vitest"
import { MessageStorage, ShardId } from "effect/cluster"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import * as Claims from "../src/internal/membership/claims.ts"

describe("claims on messages", () => {
  it.effect("of an earlier owner end, even if the owner locks them at first and the caller gives up waiting", () =>
    Effect.gen(function*() {
      const shard = ShardId.make("default", 1)
      const asked: Array<ReadonlyArray<ShardId.ShardId>> = []
      let isLocked = true
      const claimed = {
        resetShards: (shards: Iterable<ShardId.ShardId>) =>
          Effect.suspend(() => {
            asked.push(Array.from(shards))
            return isLocked ? Effect.never : Effect.void
          })
      } as unknown as MessageStorage.MessageStorage["Service"]
      yield* Effect.gen(function*() {
        const storage = yield* MessageStorage.MessageStorage
        const waiting = yield* Effect.forkChild(Effect.timeoutOption(storage.resetShards([shard]), "5 seconds"))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(waiting)
        isLocked = false
        yield* TestClock.adjust("10 minutes")
      }).pipe(
        Effect.provide(Claims.layer.pipe(Layer.provide(Layer.succeed(MessageStorage.MessageStorage, claimed))))
      )
      assert.deepStrictEqual(asked, [[shard], [shard]])
    }))
})
