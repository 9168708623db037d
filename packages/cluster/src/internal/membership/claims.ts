/** Messages that a runner has claimed, and what becomes of them when their shards move to another one. */
import { MessageStorage } from "effect/cluster/MessageStorage"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"

/** Longest time for one attempt. */
const patience = "10 seconds"

/** Claims end by themselves after 10 minutes. */
const again = Schedule.spaced("1 second").pipe(Schedule.upTo({ duration: "10 minutes" }))

/**
 * Ends the claims on the messages of shards that this runner has acquired, however many attempts that takes. Effect Cluster
 * makes one attempt, which fails if the earlier owner is frozen in a transaction on one of the messages: nobody would work
 * on them until the claims end by themselves. A runner skips a message that it works on already.
 */
export const layer: Layer.Layer<MessageStorage, never, MessageStorage> = Layer.effect(
  MessageStorage,
  Effect.gen(function*() {
    const storage = yield* MessageStorage
    const scope = yield* Effect.scope
    return MessageStorage.of({
      ...storage,
      resetShards: (shards) => {
        const acquired = Array.from(shards)
        return storage.resetShards(acquired).pipe(
          Effect.timeout(patience),
          Effect.sandbox,
          Effect.retry(again),
          Effect.ignore,
          Effect.forkIn(scope, { startImmediately: true }),
          // Does not end with the caller's patience.
          Effect.flatMap(Fiber.join)
        )
      }
    })
  })
)
