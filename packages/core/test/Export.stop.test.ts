import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { inFlight } from "../src/ExportReport.ts"
import { balanced, idsIn, only, released, world } from "./support/exports.ts"
import { batchOf, documentUrl, FakePlatform, ok } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"
import { lapse, settle } from "./support/time.ts"

/** A platform where each job takes two seconds, and `b-5` as long as a test says. */
const slow = (n: number, odd = 2000) =>
  new FakePlatform([batchOf(n)], ({ url }, kind) => {
    if (!kind.startsWith("jobs")) return undefined
    const id = url.pathname.split("/").at(-1)!
    return { ...ok({ status: "completed", result: documentUrl(id) }), delay: id === "b-5" ? odd : 2000 }
  }, 50)

const jobsAsked = (platform: FakePlatform) => platform.kinds.filter((kind) => kind.startsWith("jobs")).length

/** Lets three seconds pass: the first round of jobs is stored, the second is on its way. */
const begin = Effect.gen(function*() {
  for (let i = 0; i < 6; i++) {
    yield* settle
    yield* TestClock.adjust(500)
  }
  yield* settle
})

describe("a stop", () => {
  it.effect("begins no further job, lets those in flight end, and commits them", () =>
    Effect.gen(function*() {
      const platform = slow(100)
      const sink = new MemorySink()
      const { ledger, start } = yield* world(platform, [sink])
      const running = yield* start({ concurrency: 4 })
      yield* begin
      const asked = jobsAsked(platform)
      strictEqual(inFlight(yield* running.report), 4)
      yield* running.stop
      const report = yield* lapse(running.await)
      strictEqual(jobsAsked(platform), asked)
      balanced(report)
      assert(report.stopped && !report.complete)
      strictEqual(sink.stored.size, asked)
      strictEqual(report.batches[0]?.exported, asked)
      strictEqual(report.batches[0]?.delisted, 0)
      strictEqual((yield* ledger.counts(platform.batches[0]!)).stored, asked)
      deepStrictEqual(sink.finished, ["stopped"])
      assert.isBelow(report.seconds, 9)
    }))

  it.effect("waits no longer than the grace time for a job that hangs", () =>
    Effect.gen(function*() {
      const platform = slow(100, 1e9)
      const sink = new MemorySink()
      const { ledger, running: again, start } = yield* world(platform, [sink])
      yield* Effect.scoped(Effect.gen(function*() {
        const running = yield* start({ concurrency: 4, grace: "10 seconds" })
        yield* begin
        yield* running.stop
        const report = yield* lapse(running.await)
        balanced(report)
        assert.isBelow(report.seconds, 16)
        assert.isAtLeast(report.seconds, 12)
        assert.isAtLeast(report.batches[0]?.remaining ?? 0, 1)
        strictEqual(report.batches[0]?.failed, 0)
        strictEqual(sink.stored.size, report.batches[0]?.exported)
        deepStrictEqual(sink.finished, ["stopped"])
      }))
      released(platform, [sink])
      strictEqual((yield* ledger.counts(platform.batches[0]!)).failed, 0)
      platform.override = () => undefined
      const report = yield* lapse(again())
      assert(report.complete)
      strictEqual(sink.history.length, 100)
    }))

  it.effect("does not report the run as complete to the sinks when a job was abandoned, although all were listed", () =>
    Effect.gen(function*() {
      const platform = slow(8, 1e9)
      const sink = new MemorySink()
      const { start } = yield* world(platform, [sink])
      const running = yield* start({ concurrency: 16 })
      yield* begin
      yield* running.stop
      const report = yield* lapse(running.await)
      assert(report.batches[0]?.isListed)
      deepStrictEqual([report.batches[0].exported, report.batches[0].remaining], [7, 1])
      assert(!report.complete)
      deepStrictEqual(sink.finished, ["stopped"])
    }))

  it.effect("returns at once, also when it is asked for twice or too late", () =>
    Effect.gen(function*() {
      const platform = slow(6)
      const { start } = yield* world(platform, [new MemorySink()])
      const running = yield* start({ concurrency: 2 })
      yield* begin
      yield* running.stop
      yield* running.stop
      const report = yield* lapse(running.await)
      balanced(report)
      yield* running.stop
      deepStrictEqual(yield* running.await, report)
    }))

  it.effect("before anything has come ends at once", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(5)], () => "never")
      const sink = new MemorySink()
      const { start } = yield* world(platform, [sink])
      const running = yield* start()
      yield* settle
      strictEqual(platform.transport.open, 1)
      yield* running.stop
      yield* settle
      const report = yield* running.await
      assert(report.stopped && !report.complete)
      strictEqual(platform.transport.open, 0)
      deepStrictEqual(sink.calls, ["finish"])
    }))

  it.effect("commits what waits for a slow sink", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(100)])
      const sink = new MemorySink({ before: (step) => step === "commit" ? Effect.sleep(3000) : Effect.void })
      const { start } = yield* world(platform, [sink])
      const report = yield* Effect.scoped(Effect.gen(function*() {
        const running = yield* start({ concurrency: 4 })
        yield* begin
        yield* running.stop
        return yield* lapse(running.await)
      }))
      balanced(report)
      released(platform, [sink])
      strictEqual(report.batches[0]?.failed, 0)
      assert.isAtLeast(sink.stored.size, 8)
      strictEqual(report.batches[0]?.exported, sink.stored.size)
    }))
})

describe("an interrupted export", () => {
  it.effect("drains and commits before its fiber ends", () =>
    Effect.gen(function*() {
      const platform = slow(100)
      const sink = new MemorySink()
      const { ledger, running } = yield* world(platform, [sink])
      const fiber = yield* Effect.forkChild(running({ concurrency: 4 }))
      yield* begin
      const asked = jobsAsked(platform)
      yield* lapse(Fiber.interrupt(fiber))
      strictEqual(sink.stored.size, asked)
      strictEqual((yield* ledger.counts(platform.batches[0]!)).stored, asked)
      deepStrictEqual(sink.finished, ["stopped"])
      released(platform, [sink])
    }))

  it.effect("costs no more than the jobs in flight, wherever it was interrupted", () =>
    Effect.gen(function*() {
      for (const millis of [0, 1, 500, 2000, 2001, 2100, 4000, 4050, 6000]) {
        const platform = slow(20)
        const sink = new MemorySink({
          before: (step) => step === "commit" ? Effect.sleep(100) : step === "stage" ? Effect.sleep(50) : Effect.void
        })
        const { run, start } = yield* world(platform, [sink])
        const scope = yield* Scope.make()
        yield* Effect.forkIn(Effect.provideService(start({ concurrency: 4 }), Scope.Scope, scope), scope)
        yield* settle
        for (let at = 0; at < millis; at += 50) {
          yield* TestClock.adjust(Math.min(50, millis - at))
          yield* settle
        }
        yield* Scope.close(scope, Exit.void)
        released(platform, [sink])
        const before = sink.stored.size
        const report = yield* run()
        deepStrictEqual(idsIn(sink), batchOf(20).jobs.map(({ id }) => id).sort())
        assert(report.complete)
        assert.isAtMost(sink.history.length, 20 + 4 + 4)
        assert.isAtMost(report.batches[0]?.exported ?? 0, 20 - before + 4 + 4)
      }
    }))

  it.effect("lets go of the jobs' contents only when no sink can read them any more", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(20)])
      platform.spool.releasing = settle
      const sink = new MemorySink({
        before: (step, _, records) =>
          step === "stage"
            ? Effect.forever(Effect.andThen(Effect.ignore(records[0]!.document.collect), Effect.yieldNow))
            : Effect.void
      })
      const { start } = yield* world(platform, [sink])
      yield* Effect.scoped(Effect.andThen(start({ concurrency: 4 }), settle))
      assert.isAbove(platform.spool.mostHeld, 3)
      released(platform, [sink])
    }))

  it.effect("fails no job because of the interruption", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(20)])
      const sink = new MemorySink({ before: (step) => step === "stage" ? Effect.sleep(1000) : Effect.void })
      const { events, ledger, start } = yield* world(platform, [sink])
      yield* Effect.scoped(Effect.andThen(start({ concurrency: 4 }), settle))
      released(platform, [sink])
      deepStrictEqual([...only(events, "Exported"), ...only(events, "Failed")], [])
      strictEqual((yield* ledger.counts(platform.batches[0]!)).failed, 0)
    }))
})
