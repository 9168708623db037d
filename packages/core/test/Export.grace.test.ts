import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { ExportReport } from "../src/ExportReport.ts"
import type { JobSink } from "../src/JobSink.ts"
import { world } from "./support/exports.ts"
import { batchOf, FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink, type Step } from "./support/memorySink.ts"
import { settle } from "./support/time.ts"

/** Never answers, and cannot be interrupted: as a file system that has gone away. */
const gone = Effect.uninterruptible(Effect.never)

const hangingAt = (at: Step, hang: Effect.Effect<never> = Effect.never, id = "memory:one") =>
  new MemorySink({ id, before: (step) => step === at ? hang : Effect.void })

class HangingAtClose extends MemorySink {
  override get sink(): JobSink {
    const { open, ...sink } = super.sink
    return { ...sink, open: Effect.tap(open, Effect.addFinalizer(() => gone)) }
  }
}

/** Lets time pass, at most so long, until the fiber has ended. */
const elapse = Effect.fnUntraced(function*(seconds: number, fiber?: Fiber.Fiber<unknown, unknown>) {
  for (let second = 0; second < seconds && fiber?.pollUnsafe() === undefined; second++) {
    yield* settle
    yield* TestClock.adjust("1 second")
  }
  yield* settle
})

/** Runs an export that is stopped after a second, with its scope, and answers its report as of the stop's end. */
const stopped = Effect.fnUntraced(function*(sinks: ReadonlyArray<MemorySink>) {
  const { start } = yield* world(new FakePlatform([batchOf(3)]), sinks)
  let report: ExportReport | undefined
  const fiber = yield* Effect.forkDetach(Effect.scoped(Effect.gen(function*() {
    const running = yield* start({ grace: "10 seconds" })
    yield* Effect.sleep("1 second")
    yield* running.stop
    report = yield* running.await
  })))
  // One until the stop, ten of grace, and one more.
  yield* elapse(12, fiber)
  assert.isDefined(fiber.pollUnsafe(), "the export still runs, or its scope does not close")
  yield* Fiber.join(fiber)
  return report
})

describe("a stop with a sink that hangs", () => {
  for (const step of ["stage", "commit", "finish"] as const) {
    for (const [how, hang] of [["", Effect.never], [" and cannot be interrupted", gone]] as const) {
      it.effect(`in ${step}${how} ends within the grace time and a second`, () =>
        Effect.gen(function*() {
          const report = yield* stopped([hangingAt(step, hang)])
          assert(report?.stopped === true && !report.complete)
          assert.include(report.sinks[0]?.error ?? "", "did not respond")
          const [batch] = report.batches
          deepStrictEqual([batch?.failed, batch?.exported, batch?.remaining], step === "finish" ? [0, 3, 0] : [0, 0, 3])
        }))
    }
  }

  it.effect("when it is closed ends within the grace time and a second", () =>
    Effect.gen(function*() {
      const report = yield* stopped([new HangingAtClose()])
      assert.include(report?.sinks[0]?.error ?? "", "did not respond")
      strictEqual(report?.batches[0]?.exported, 3)
    }))

  it.effect("lets another sink store, finish and close", () =>
    Effect.gen(function*() {
      const other = new MemorySink()
      const report = yield* stopped([hangingAt("commit", gone, "memory:two"), other])
      deepStrictEqual([other.stored.size, other.finished, other.closed], [3, ["completed"], 1])
      deepStrictEqual(report?.sinks.map(({ error, stored }) => [stored, error === null]), [[0, false], [3, true]])
    }))
})

describe("an interrupted export", () => {
  for (const step of ["open", "stage", "commit", "finish"] as const) {
    it.effect(`ends within the grace time and a second if a sink hangs in ${step}`, () =>
      Effect.gen(function*() {
        const { running } = yield* world(new FakePlatform([batchOf(3)]), [hangingAt(step, gone)])
        const fiber = yield* Effect.forkDetach(running({ grace: "10 seconds" }))
        yield* elapse(1)
        const interrupted = yield* Effect.forkDetach(Fiber.interrupt(fiber))
        yield* elapse(11, interrupted)
        assert.isDefined(fiber.pollUnsafe(), "it still runs 11 seconds after the interruption")
      }))
  }
})
