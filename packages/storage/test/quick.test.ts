import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { quick } from "../src/internal/quick.ts"

/** An operation that takes a number of milliseconds in place, and none elsewhere; and where it ran, as letters. */
const watched = () => {
  let time = 0
  let ran = ""
  const operation = quick(
    (millis: number): void => {
      time += millis
      ran += "i"
    },
    () => {
      ran += "e"
      return Promise.resolve()
    },
    () => time
  )
  const calls = (count: number, millis: number) =>
    Effect.promise(async () => {
      ran = ""
      for (let call = 0; call < count; call++) await operation(millis)
      return ran
    })
  return calls
}

describe("an operation that may be slow", () => {
  it.effect("runs in place while it takes little time, and a single long one changes nothing", () =>
    Effect.gen(function*() {
      const calls = watched()
      assert.strictEqual(yield* calls(100, 0.01), "i".repeat(100))
      assert.strictEqual(yield* calls(1, 12), "i")
      assert.strictEqual(yield* calls(100, 0.01), "i".repeat(100))
    }))

  it.effect("moves to other threads when it is slow repeatedly, and is tried in place now and then", () =>
    Effect.gen(function*() {
      const calls = watched()
      assert.match(yield* calls(100, 5), /^i{2,16}e+$/)
      assert.match(yield* calls(2000, 5), /^e+i{2,16}e+i{2,16}e+$/)
      yield* calls(1000, 0.01)
      assert.strictEqual(yield* calls(100, 0.01), "i".repeat(100))
    }))

  it.effect("gives timers and signals a turn between many calls in a row", () =>
    Effect.gen(function*() {
      const calls = watched()
      let turns = 0
      setImmediate(() => turns++)
      yield* calls(30, 0.5)
      assert.strictEqual(turns, 0)
      assert.strictEqual(yield* calls(30, 0.5), "i".repeat(30))
      assert.strictEqual(turns, 1)
    }))

  it.effect("fails with a rejection if it throws", () =>
    Effect.gen(function*() {
      const failing = quick((): void => {
        throw new Error("in place")
      }, () => Promise.resolve())
      const error = yield* Effect.flip(Effect.tryPromise({ try: () => failing(), catch: (cause) => cause }))
      assert.strictEqual((error as Error).message, "in place")
    }))
})
