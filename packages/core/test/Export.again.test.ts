import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { counts, idsIn, only, world } from "./support/exports.ts"
import { batchOf, error, type FakeBatch, FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"

const kindsSince = (platform: FakePlatform, before: number, kind: string) =>
  platform.kinds.slice(before).filter((word) => word.startsWith(`${kind} `)).map((word) => word.slice(kind.length + 1))
    .sort()

const rework = (batch: FakeBatch, ...ids: ReadonlyArray<string>) => {
  batch.jobs = batch.jobs.map((job) =>
    ids.includes(job.id) ? { ...job, document: { of: job.id, reworked: true } } : job
  )
}

describe("a retry", () => {
  it.effect("takes exactly the jobs that failed, whatever their error, without the listing", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform(
        [batchOf(8)],
        (_, kind) =>
          kind === "jobs b-2" ? error(400, "FS_0000") : kind === "jobs b-5" ? error(400, "FS_0006") : undefined
      )
      const sink = new MemorySink()
      const { run } = yield* world(platform, [sink])
      strictEqual(counts(yield* run()).failed, 2)
      platform.batches[0]!.jobs.push({ id: "b-8" })
      platform.override = () => undefined
      const before = platform.kinds.length
      const report = yield* run({ selection: { _tag: "Retry" } })
      deepStrictEqual(counts(report), { listed: 2, exported: 2, unchanged: 0, unfinished: 0, failed: 0 })
      assert(report.complete)
      deepStrictEqual(kindsSince(platform, before, "jobs"), ["b-2", "b-5"])
      deepStrictEqual(kindsSince(platform, before, "page"), [])
      strictEqual(sink.history.length, 8)
    }))

  it.effect("leaves what fails again for the next one", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(4)], (_, kind) =>
        kind === "jobs b-1" ? error(400, "FS_0006") : undefined)
      const { ledger, run } = yield* world(platform, [new MemorySink()])
      yield* run()
      for (const attempts of [2, 3]) {
        const report = yield* run({ selection: { _tag: "Retry" } })
        deepStrictEqual(counts(report), { listed: 1, exported: 0, unchanged: 0, unfinished: 0, failed: 1 })
        const entries = yield* Stream.runCollect(Stream.flattenIterable(ledger.entries({ stage: "failed" })))
        deepStrictEqual(entries.map((entry) => [entry.jobId, entry.attempts]), [["b-1", attempts]])
      }
    }))

  it.effect("does nothing if nothing failed", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(4)])
      const { run } = yield* world(platform, [new MemorySink()])
      yield* run()
      const before = platform.kinds.length
      deepStrictEqual(counts(yield* run({ selection: { _tag: "Retry" } })).listed, 0)
      strictEqual(platform.kinds.length, before)
    }))
})

describe("a refresh", () => {
  it.effect("fetches every finished job again, and stores and reports those that changed", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(6)])
      const sink = new MemorySink()
      const { events, run } = yield* world(platform, [sink])
      yield* run()
      rework(platform.batches[0]!, "b-1", "b-4")
      strictEqual(counts(yield* run()).unchanged, 6)
      events.length = 0
      const report = yield* run({ selection: { _tag: "Refresh" } })
      deepStrictEqual(counts(report), { listed: 6, exported: 2, unchanged: 4, unfinished: 0, failed: 0 })
      strictEqual(report.batches[0]?.changed, 2)
      deepStrictEqual(
        only(events, "Exported").filter(({ changed }) => changed).map(({ jobId }) => jobId).sort(),
        [
          "b-1",
          "b-4"
        ]
      )
      deepStrictEqual(sink.history.slice(6).sort(), ["b-1", "b-4"])
      assert.include(sink.stored.get("b/b-1")?.document ?? "", "reworked")
    }))

  it.effect("of named jobs checks only those", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(6)])
      const { run } = yield* world(platform, [new MemorySink()])
      yield* run()
      const before = platform.kinds.length
      yield* run({ selection: { _tag: "Refresh", jobs: new Set(["b-3"]) } })
      deepStrictEqual(kindsSince(platform, before, "jobs"), ["b-3"])
    }))

  it.effect("of old jobs checks only those that were not checked since", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(2)])
      const { run } = yield* world(platform, [new MemorySink()])
      yield* run()
      yield* TestClock.adjust("1 hour")
      platform.batches[0]!.jobs.push({ id: "b-2" })
      yield* run()
      const before = platform.kinds.length
      yield* run({ selection: { _tag: "Refresh", checkedBefore: 3_000_000 } })
      deepStrictEqual(kindsSince(platform, before, "jobs"), ["b-0", "b-1"])
      const after = platform.kinds.length
      yield* run({ selection: { _tag: "Refresh", checkedBefore: 3_000_000 } })
      deepStrictEqual(kindsSince(platform, after, "jobs"), [])
    }))
})

describe("a later run", () => {
  it.effect("fetches a job again if its counts in the listing changed", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(4)])
      const sink = new MemorySink()
      const { run } = yield* world(platform, [sink])
      yield* run()
      const [batch] = platform.batches
      rework(batch!, "b-1")
      batch!.jobs = batch!.jobs.map((job) => job.id === "b-0" ? job : { ...job, counts: { annotations: 2 } })
      const before = platform.kinds.length
      deepStrictEqual(counts(yield* run()), { listed: 4, exported: 1, unchanged: 3, unfinished: 0, failed: 0 })
      deepStrictEqual(kindsSince(platform, before, "jobs"), ["b-1", "b-2", "b-3"])
      const after = platform.kinds.length
      yield* run()
      deepStrictEqual(kindsSince(platform, after, "jobs"), [])
    }))

  it.effect("names stored jobs that are no longer listed, and deletes nothing", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(6)], (_, kind) =>
        kind === "jobs b-5" ? error(400, "FS_0006") : undefined)
      const sink = new MemorySink()
      const { events, run } = yield* world(platform, [sink])
      yield* run()
      platform.batches[0]!.jobs = platform.batches[0]!.jobs.filter(({ id }) =>
        id !== "b-2" && id !== "b-5"
      )
      events.length = 0
      const report = yield* run()
      strictEqual(report.batches[0]?.delisted, 1)
      deepStrictEqual(only(events, "Delisted").map(({ jobIds }) => jobIds), [["b-2"]])
      strictEqual(sink.stored.size, 5)
    }))

  it.effect("gives another sink all jobs, and the first one no job twice", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(6)])
      const [one, other] = [new MemorySink({ id: "memory:one" }), new MemorySink({ id: "memory:two" })]
      const { run } = yield* world(platform, [one])
      yield* run()
      const report = yield* run({ sinks: [one.sink, other.sink] } as never)
      deepStrictEqual(counts(report), { listed: 6, exported: 6, unchanged: 0, unfinished: 0, failed: 0 })
      deepStrictEqual([idsIn(one), idsIn(other)].map((ids) => ids.length), [6, 6])
      strictEqual(one.history.length, 6)
      strictEqual(report.batches[0]?.changed, 0)
    }))

  it.effect("stores no bytes twice when a job goes back to what one sink still holds", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(1)])
      const [one, other] = [new MemorySink({ id: "memory:one" }), new MemorySink({ id: "memory:two" })]
      const { run } = yield* world(platform, [one, other])
      yield* run()
      rework(platform.batches[0]!, "b-0")
      other.rejects = () => true
      yield* run({ selection: { _tag: "Refresh" } })
      platform.batches[0]!.jobs = [{ id: "b-0" }]
      other.rejects = () => false
      yield* run({ selection: { _tag: "Refresh" } })
      strictEqual(one.history.length, 3)
      strictEqual(other.history.length, 1)
      const before = platform.kinds.length
      deepStrictEqual(counts(yield* run()).unchanged, 1)
      deepStrictEqual(kindsSince(platform, before, "jobs"), [])
    }))
})

describe("a new ledger", () => {
  it.effect("reconciles with the sinks, so that nothing is fetched again", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(6), batchOf(2, "c")])
      const sink = new MemorySink()
      yield* (yield* world(platform, [sink])).run()
      platform.batches[0]!.jobs.push({ id: "b-6" })
      const before = platform.kinds.length
      const { run } = yield* world(platform, [sink])
      const report = yield* run()
      deepStrictEqual(counts(report), { listed: 7, exported: 1, unchanged: 6, unfinished: 0, failed: 0 })
      deepStrictEqual(kindsSince(platform, before, "jobs"), ["b-6"])
      strictEqual(sink.history.length, 9)
    }))

  it.effect("notices changes of jobs that it reconciled", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(3)])
      const sink = new MemorySink()
      yield* (yield* world(platform, [sink])).run()
      rework(platform.batches[0]!, "b-1")
      const { run } = yield* world(platform, [sink])
      const report = yield* run({ selection: { _tag: "Refresh" } })
      deepStrictEqual(counts(report), { listed: 3, exported: 1, unchanged: 2, unfinished: 0, failed: 0 })
      strictEqual(report.batches[0]?.changed, 1)
    }))

  it.effect("fetches everything if a sink cannot be inspected", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(3)])
      const sink = new MemorySink({ capabilities: { inspectable: false } })
      yield* (yield* world(platform, [sink])).run()
      const { run } = yield* world(platform, [sink])
      strictEqual(counts(yield* run()).exported, 3)
    }))
})
