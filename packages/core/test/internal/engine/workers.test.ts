import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Stream } from "effect"
import { forEachWorker } from "../../../src/internal/engine/workers.ts"

/** Notes what begins and what becomes of it; each waits until it is let go. */
const waiting = Effect.gen(function*() {
  const gate = yield* Deferred.make<void>()
  const notes: Array<string> = []
  const each = (element: number) =>
    Effect.suspend(() => {
      notes.push(`${element} begun`)
      return Effect.onExit(Deferred.await(gate), (exit) =>
        Effect.sync(() => {
          notes.push(`${element} ${Exit.isSuccess(exit) ? "done" : "interrupted"}`)
        }))
    })
  return { gate, notes, each }
})

const settle = Effect.forEach(Array.from({ length: 20 }), () => Effect.yieldNow, { discard: true })

describe("workers", () => {
  it.effect("run over every element of a stream, a number at a time", () =>
    Effect.gen(function*() {
      const { each, gate, notes } = yield* waiting
      const fiber = yield* Effect.forkChild(forEachWorker(Stream.make(1, 2, 3, 4, 5), 2, each))
      yield* settle
      assert.deepStrictEqual(notes, ["1 begun", "2 begun"])
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(notes.filter((note) => note.endsWith("done")).length, 5)
    }))

  it.effect("end what has begun before they fail with the stream", () =>
    Effect.gen(function*() {
      const { each, gate, notes } = yield* waiting
      const stream = Stream.concat(Stream.make(1, 2), Stream.fail("the listing"))
      const fiber = yield* Effect.forkChild(Effect.exit(forEachWorker(stream, 4, each)))
      yield* settle
      assert.isUndefined(fiber.pollUnsafe())
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual(yield* Fiber.join(fiber), Exit.fail("the listing"))
      assert.deepStrictEqual(notes, ["1 begun", "2 begun", "1 done", "2 done"])
    }))

  it.effect("abandon what has begun when the first element fails", () =>
    Effect.gen(function*() {
      const { each, notes } = yield* waiting
      const stream = Stream.concat(Stream.make(1, 2, 3), Stream.never)
      const exit = yield* Effect.exit(
        forEachWorker(stream, 4, (element) => element === 3 ? Effect.fail("the third") : each(element))
      )
      assert.deepStrictEqual(exit, Exit.fail("the third"))
      assert.deepStrictEqual(notes, ["1 begun", "2 begun", "1 interrupted", "2 interrupted"])
    }))
})
