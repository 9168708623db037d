import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Duration, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Follow from "../src/Follow.ts"
import { GtStudio } from "../src/GtStudio.ts"
import { counts, idsIn, world } from "./support/exports.ts"
import { batchOf, error, FakePlatform, ref } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"
import { lapse, settle } from "./support/time.ts"

/** A batch of which the first `finished` jobs are finished. */
const working = (jobs: number, finished: number) => {
  const platform = new FakePlatform([batchOf(jobs)], undefined, 100)
  finish(platform, finished)
  return platform
}

const finish = (platform: FakePlatform, finished: number) => {
  const [batch] = platform.batches
  batch!.jobs = batch!.jobs.map((job, index) => ({ ...job, status: index < finished ? "completed" : "pending" }))
}

const pages = (platform: FakePlatform) => platform.kinds.filter((kind) => kind.startsWith("page ")).length

const jobsAsked = (platform: FakePlatform) =>
  platform.kinds.filter((kind) => kind.startsWith("jobs ")).map((kind) => kind.slice(5)).sort()

/** Lets so many seconds pass, one after the other. */
const pass = Effect.fnUntraced(function*(seconds: number) {
  for (let second = 0; second < seconds; second++) {
    yield* TestClock.adjust("1 second")
    yield* settle
  }
})

describe("finishedJobs", () => {
  const follow = (platform: FakePlatform, options: Follow.Options, seen: Array<string>) =>
    Follow.finishedJobs(ref, options).pipe(
      Stream.runForEach(({ id }) => Effect.sync(() => seen.push(id))),
      Effect.provide(platform.layer()),
      Effect.forkChild
    )

  it.effect("emits each job once when it is finished, and ends when all are", () =>
    Effect.gen(function*() {
      const platform = working(4, 1)
      const seen: Array<string> = []
      const fiber = yield* follow(platform, { interval: "10 seconds" }, seen)
      yield* settle
      deepStrictEqual([seen, pages(platform)], [["b-0"], 1])
      yield* pass(9)
      strictEqual(pages(platform), 1)
      yield* pass(1)
      deepStrictEqual([seen, pages(platform)], [["b-0"], 2])
      finish(platform, 3)
      yield* pass(10)
      deepStrictEqual(seen, ["b-0", "b-1", "b-2"])
      platform.batches[0]!.jobs.push({ id: "b-4" })
      finish(platform, 5)
      yield* pass(10)
      yield* Fiber.join(fiber)
      deepStrictEqual(seen, ["b-0", "b-1", "b-2", "b-3", "b-4"])
      yield* pass(20)
      strictEqual(pages(platform), 4)
    }))

  it.effect("lists once if all are finished, and every minute by default if not", () =>
    Effect.gen(function*() {
      const done = working(2, 2)
      const seen: Array<string> = []
      yield* Fiber.join(yield* follow(done, {}, seen))
      deepStrictEqual([seen, pages(done)], [["b-0", "b-1"], 1])
      const platform = working(2, 1)
      yield* follow(platform, {}, [])
      yield* settle
      yield* pass(60)
      strictEqual(pages(platform), 2)
    }))

  it.effect("begins no listing after the deadline", () =>
    Effect.gen(function*() {
      const platform = working(2, 1)
      const seen: Array<string> = []
      const fiber = yield* follow(platform, { interval: "10 seconds", deadline: "25 seconds" }, seen)
      yield* pass(60)
      yield* Fiber.join(fiber)
      deepStrictEqual([seen, pages(platform)], [["b-0"], 3])
    }))

  it.effect("fails if the listing fails, after the jobs that it has emitted", () =>
    Effect.gen(function*() {
      const platform = working(2, 1)
      const seen: Array<string> = []
      const fiber = yield* follow(platform, { interval: "10 seconds" }, seen)
      yield* settle
      platform.override = () => error(400, "resource_error")
      yield* pass(10)
      const failure = yield* Effect.flip(Fiber.join(fiber))
      assert(failure._tag === "GtStudioError" && failure.reason._tag === "NotFound")
      deepStrictEqual(seen, ["b-0"])
    }))

  it.effect("does not grow deeper with the number of passes", () =>
    Effect.gen(function*() {
      let looks = 0
      const job = (id: string, status: string) => ({
        id,
        status,
        referenceId: null,
        frames: 1,
        annotations: 1,
        tag: null,
        priorityWeight: null
      })
      const gtStudio = {
        jobSummaries: () => Stream.suspend(() => Stream.succeed(job("b-0", ++looks < 20_000 ? "pending" : "completed")))
      } as never as GtStudio["Service"]
      const fiber = yield* Follow.finishedJobs(ref, { interval: Duration.millis(1) }).pipe(
        Stream.runCollect,
        Effect.provideService(GtStudio, gtStudio),
        Effect.forkChild
      )
      while (fiber.pollUnsafe() === undefined) {
        yield* TestClock.adjust("1 second")
        yield* Effect.yieldNow
      }
      deepStrictEqual((yield* Fiber.join(fiber)).map(({ id }) => id), ["b-0"])
      strictEqual(looks, 20_000)
    }))
})

describe("an export that follows", () => {
  const minute = { follow: { interval: "1 minute" } } as const

  it.effect("exports jobs as they become finished, each once, and ends when all are", () =>
    Effect.gen(function*() {
      const platform = working(6, 2)
      const sink = new MemorySink()
      const { events, start } = yield* world(platform, [sink])
      const running = yield* start(minute)
      yield* settle
      deepStrictEqual(counts(yield* running.report), { listed: 6, exported: 2, unchanged: 0, unfinished: 4, failed: 0 })
      finish(platform, 5)
      yield* pass(59)
      strictEqual(sink.stored.size, 2)
      yield* pass(1)
      deepStrictEqual(counts(yield* running.report), { listed: 6, exported: 5, unchanged: 0, unfinished: 1, failed: 0 })
      finish(platform, 6)
      yield* pass(60)
      const report = yield* running.await
      deepStrictEqual(counts(report), { listed: 6, exported: 6, unchanged: 0, unfinished: 0, failed: 0 })
      assert(report.complete && !report.stopped)
      deepStrictEqual(idsIn(sink), ["b-0", "b-1", "b-2", "b-3", "b-4", "b-5"])
      deepStrictEqual(jobsAsked(platform), idsIn(sink))
      strictEqual(sink.history.length, 6)
      strictEqual(events.filter(({ _tag }) => _tag === "Exported").length, 6)
      deepStrictEqual(sink.finished, ["completed"])
      strictEqual(pages(platform), 3)
    }))

  it.effect("distinguishes what was stored before from what it has stored itself", () =>
    Effect.gen(function*() {
      const platform = working(4, 2)
      const { run, start } = yield* world(platform, [new MemorySink()])
      yield* run()
      finish(platform, 3)
      const running = yield* start(minute)
      yield* settle
      finish(platform, 4)
      yield* pass(60)
      deepStrictEqual(counts(yield* running.await), {
        listed: 4,
        exported: 2,
        unchanged: 2,
        unfinished: 0,
        failed: 0
      })
    }))

  it.effect("counts right although the clock was set back before", () =>
    Effect.gen(function*() {
      const platform = working(3, 2)
      const { run, start } = yield* world(platform, [new MemorySink()])
      yield* TestClock.setTime(1e12)
      yield* run()
      yield* TestClock.setTime(1e11)
      const running = yield* start(minute)
      yield* settle
      finish(platform, 3)
      yield* pass(60)
      deepStrictEqual(counts(yield* running.await), { listed: 3, exported: 1, unchanged: 2, unfinished: 0, failed: 0 })
    }))

  it.effect("refreshes on its first pass only", () =>
    Effect.gen(function*() {
      const platform = working(4, 3)
      const { run, start } = yield* world(platform, [new MemorySink()])
      yield* run()
      const before = jobsAsked(platform).length
      const running = yield* start({ ...minute, selection: { _tag: "Refresh" } })
      yield* settle
      finish(platform, 4)
      yield* pass(60)
      deepStrictEqual(counts(yield* running.await), { listed: 4, exported: 1, unchanged: 3, unfinished: 0, failed: 0 })
      strictEqual(jobsAsked(platform).length, before + 4)
    }))

  it.effect("retries failures on the next pass, and ends when only they remain", () =>
    Effect.gen(function*() {
      const platform = working(3, 2)
      platform.override = (_, kind) => kind === "jobs b-0" ? error(400, "FS_0000") : undefined
      const { start } = yield* world(platform, [new MemorySink()])
      const running = yield* start(minute)
      yield* pass(5)
      strictEqual(counts(yield* running.report).failed, 1)
      finish(platform, 3)
      yield* pass(65)
      const report = yield* running.await
      deepStrictEqual(counts(report), { listed: 3, exported: 2, unchanged: 0, unfinished: 0, failed: 1 })
      strictEqual(report.failures[0]?.count, 1)
    }))

  it.effect("ends at the deadline, complete with what is finished", () =>
    Effect.gen(function*() {
      const platform = working(3, 2)
      const { start } = yield* world(platform, [new MemorySink()])
      const running = yield* start({ follow: { interval: "1 minute", deadline: "150 seconds" } })
      yield* pass(180)
      const report = yield* running.await
      deepStrictEqual(counts(report), { listed: 3, exported: 2, unchanged: 0, unfinished: 1, failed: 0 })
      assert(report.complete)
      strictEqual(pages(platform), 3)
    }))

  it.effect("reports its duration although the clock is set back meanwhile", () =>
    Effect.gen(function*() {
      const { start } = yield* world(working(3, 2), [new MemorySink()])
      yield* TestClock.setTime(1e12)
      const running = yield* start(minute)
      yield* pass(2)
      yield* TestClock.setTime(1e11)
      strictEqual((yield* running.report).seconds, 2)
    }))

  it.effect("ends at once when it is stopped between two passes", () =>
    Effect.gen(function*() {
      const platform = working(3, 2)
      const sink = new MemorySink()
      const { start } = yield* world(platform, [sink])
      const running = yield* start(minute)
      yield* pass(3)
      yield* running.stop
      yield* settle
      const report = yield* running.await
      assert(report.stopped)
      deepStrictEqual(counts(report), { listed: 3, exported: 2, unchanged: 0, unfinished: 1, failed: 0 })
      strictEqual(pages(platform), 1)
      deepStrictEqual(sink.finished, ["stopped"])
    }))

  it.effect("waits for a slow sink before the next pass, so that nothing is fetched twice", () =>
    Effect.gen(function*() {
      const platform = working(8, 7)
      const sink = new MemorySink({ before: (step) => step === "stage" ? Effect.sleep("100 seconds") : Effect.void })
      const { start } = yield* world(platform, [sink])
      const running = yield* start(minute)
      yield* pass(150)
      strictEqual(pages(platform), 1)
      finish(platform, 8)
      const report = yield* lapse(running.await)
      strictEqual(report.batches[0]?.exported, 8)
      strictEqual(new Set(jobsAsked(platform)).size, jobsAsked(platform).length)
    }))

  it.effect("does not follow with a sink that has failed", () =>
    Effect.gen(function*() {
      const platform = working(3, 2)
      const [one, other] = [new MemorySink({ id: "memory:one" }), new MemorySink({ id: "memory:two" })]
      other.failNext("commit", "conflict")
      const { start } = yield* world(platform, [one, other])
      const running = yield* start(minute)
      const report = yield* lapse(running.await, 30)
      deepStrictEqual(counts(report), { listed: 3, exported: 0, unchanged: 0, unfinished: 1, failed: 2 })
      strictEqual(one.stored.size, 2)
      strictEqual(pages(platform), 1)
    }))

  it.effect("lists again if a listing was interrupted, and not if the batch does not exist", () =>
    Effect.gen(function*() {
      const platform = working(3, 3)
      platform.override = (_, kind) => kind.startsWith("page") ? error(400, "FS_0000") : undefined
      const { start } = yield* world(platform, [new MemorySink()])
      const running = yield* start(minute)
      yield* pass(30)
      platform.override = () => undefined
      const report = yield* lapse(running.await, 120)
      assert(report.complete)
      strictEqual(report.batches[0]?.exported, 3)
      platform.override = (_, kind) => kind.startsWith("page") ? error(400, "resource_error") : undefined
      const hopeless = yield* lapse((yield* start(minute)).await, 30)
      assert(!hopeless.complete && hopeless.batches[0]?.listingError !== null)
    }))

  it.effect("of what failed follows nothing", () =>
    Effect.gen(function*() {
      const platform = working(3, 2)
      const { start } = yield* world(platform, [new MemorySink()])
      const report = yield* lapse((yield* start({ ...minute, selection: { _tag: "Retry" } })).await, 5)
      strictEqual(report.batches[0]?.listed, 0)
      strictEqual(pages(platform), 0)
    }))
})

describe("a batch that is named twice", () => {
  it.effect("is listed once, and its jobs are counted once", () =>
    Effect.gen(function*() {
      const platform = working(3, 3)
      platform.batches.push({ ...platform.batches[0]! })
      const { run } = yield* world(platform, [new MemorySink()])
      const report = yield* run()
      strictEqual(report.batches.length, 1)
      strictEqual(pages(platform), 1)
    }))
})
