/** Runs effects that wait, on the test's clock. */
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"

/** Lets everything run that waits for nothing but its turn. */
export const settle = Effect.promise(async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
})

/** Advances time by a second until the effect has ended, and returns its result. */
export const lapse = <A, E, R>(effect: Effect.Effect<A, E, R>, seconds = 900) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect)
    for (let second = 0; second < seconds; second++) {
      yield* settle
      if (fiber.pollUnsafe() !== undefined) break
      yield* TestClock.adjust("1 second")
    }
    return yield* Fiber.join(fiber)
  })
