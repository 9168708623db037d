import { assert, describe, it } from "@effect/vitest"
import type { JobSink } from "@labelstream/core/sink"
import type { Fs } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import { scale } from "../../../scripts/testScale.ts"
import { Coco, DatasetSink } from "../src/index.ts"
import { coco, labeled } from "./support/cocoDataset.ts"
import { dying, inspected, run, temporary, tree, unsynced } from "./support/targets.ts"

const batches = Effect.all([
  Effect.all([labeled("a", ["car"]), labeled("b", ["car", "bus"])]),
  Effect.all([labeled("b", ["van"]), labeled("c", [])])
])

/** Stores and publishes batch by batch, and retries each step that fails. Returns the errors. */
const persist = Effect.fnUntraced(function*(directory: string, fs: Fs) {
  const errors: Array<JobSink.SinkError> = []
  const again = <A, R>(step: Effect.Effect<A, JobSink.SinkError, R>) =>
    Effect.catch(step, (error) => {
      errors.push(error)
      return step
    })
  yield* Effect.scoped(Effect.gen(function*() {
    const sink = yield* again(DatasetSink.makeWith(Coco.format, { directory }, fs).open)
    for (const [index, batch] of (yield* batches).entries()) {
      const before = tree(directory)
      yield* again(sink.stage(`token-${index}`, batch))
      yield* again(sink.commit(`token-${index}`))
      assert.deepStrictEqual(tree(directory), before)
      yield* again(sink.finish({ outcome: "completed" }))
    }
  }))
  return errors
})

describe("a disk that fails", () => {
  it.effect(
    `once, in ${scale("any twentieth", "any")} operation, is reported, and each step can be retried`,
    () =>
      Effect.gen(function*() {
        const unbroken = yield* temporary
        for (const [index, batch] of (yield* batches).entries()) yield* run(coco(unbroken), batch, String(index))
        const [expected, every] = [tree(unbroken), scale(20, 1)]
        let reported = 0
        const failsAt = (at: number) =>
          Effect.scoped(Effect.gen(function*() {
            const directory = yield* temporary
            const { fs, used } = dying(at, 1)
            const errors = yield* persist(directory, fs)
            for (const { reason } of errors) assert.strictEqual(reason, "unavailable", `operation ${at}`)
            assert.deepStrictEqual(tree(directory), expected, `operation ${at}`)
            const wrong = (yield* inspected(coco(directory))).filter(({ _tag }) => _tag !== "Intact")
            assert.deepStrictEqual(wrong, [], `operation ${at}`)
            reported += errors.length
            return used() > at
          }))
        let at = 0
        while (yield* failsAt(at)) at += every
        assert.isAbove(reported, 100 / every)
      }),
    600_000
  )

  it.effect("when the published classes are read is reported as unavailable", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const [first, second] = yield* batches
      yield* run(coco(directory), first, "first")
      const working = unsynced()
      const fs: Fs = {
        ...working,
        open: (path, flags, mode) =>
          path.endsWith("classes.json") && flags === "r"
            ? Promise.reject(Object.assign(new Error("EIO: injected"), { code: "EIO" }))
            : working.open(path, flags, mode)
      }
      const error = yield* Effect.flip(run(DatasetSink.makeWith(Coco.format, { directory }, fs), second, "second"))
      assert.deepStrictEqual([error.step, error.reason], ["finish", "unavailable"])
    }))
})
