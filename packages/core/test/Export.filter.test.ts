import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import { counts, idsIn, only, world } from "./support/exports.ts"
import { batchOf, error, FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"

const odd = ({ id }: { readonly id: string }) => Number(id.split("-")[1]) % 2 === 1

describe("a run for some jobs", () => {
  it.effect("takes jobs that match, counts the others as skipped, and leaves them for a run without a filter", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(8)])
      const sink = new MemorySink()
      const { run } = yield* world(platform, [sink])
      const some = yield* run({ filter: odd })
      deepStrictEqual(counts(some), { listed: 4, exported: 4, unchanged: 0, unfinished: 0, failed: 0 })
      strictEqual(some.batches[0]?.skipped, 4)
      assert(some.complete)
      deepStrictEqual(idsIn(sink), ["b-1", "b-3", "b-5", "b-7"])
      const all = yield* run()
      deepStrictEqual(counts(all), { listed: 8, exported: 4, unchanged: 4, unfinished: 0, failed: 0 })
    }))

  it.effect("decides by results if filterResult is given, and fetches no file of skipped jobs", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(6)])
      const sink = new MemorySink()
      const { run } = yield* world(platform, [sink])
      const report = yield* run({ filterResult: (_, { jobId }) => Effect.succeed(odd({ id: jobId })) })
      deepStrictEqual(counts(report), { listed: 3, exported: 3, unchanged: 0, unfinished: 0, failed: 0 })
      strictEqual(report.batches[0]?.skipped, 3)
      deepStrictEqual(idsIn(sink), ["b-1", "b-3", "b-5"])
    }))

  it.effect("retries only the failed jobs that match the filter", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform(
        [batchOf(6)],
        (_, kind) => kind.startsWith("jobs b-") ? error(400, "FS_0006") : undefined
      )
      const { run } = yield* world(platform, [new MemorySink()])
      strictEqual(counts(yield* run()).failed, 6)
      platform.override = () => undefined
      const report = yield* run({ selection: { _tag: "Retry" }, filter: odd })
      deepStrictEqual(counts(report), { listed: 3, exported: 3, unchanged: 0, unfinished: 0, failed: 0 })
      strictEqual(report.batches[0]?.skipped, 3)
    }))
})

describe("a run with a limit", () => {
  it.effect("fetches that many jobs, says that there are more, and the next run takes the next ones", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(5, "a"), batchOf(5, "b")])
      const sink = new MemorySink()
      const { run } = yield* world(platform, [sink])
      const first = yield* run({ limit: 7 })
      deepStrictEqual(first.batches.map(({ exported, listed }) => [listed, exported]), [[5, 5], [2, 2]])
      assert(first.limited && first.complete)
      const second = yield* run({ limit: 2 })
      deepStrictEqual(second.batches.map(({ exported, listed }) => [listed, exported]), [[5, 0], [4, 2]])
      const last = yield* run({ limit: 1 })
      deepStrictEqual(last.batches.map(({ exported, listed }) => [listed, exported]), [[5, 0], [5, 1]])
      assert(!last.limited && last.complete)
      strictEqual(idsIn(sink).length, 10)
    }))

  it.effect("holds for a retry too", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform(
        [batchOf(6)],
        (_, kind) => kind.startsWith("jobs b-") ? error(400, "FS_0006") : undefined
      )
      const { run } = yield* world(platform, [new MemorySink()])
      yield* run()
      platform.override = () => undefined
      const report = yield* run({ selection: { _tag: "Retry" }, limit: 2 })
      deepStrictEqual(counts(report), { listed: 2, exported: 2, unchanged: 0, unfinished: 0, failed: 0 })
      assert(report.limited)
    }))
})

describe("a job that failed for good", () => {
  it.effect("is reported as not tried by every run that counts it", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform(
        [batchOf(3)],
        (_, kind) => kind === "jobs b-1" ? error(400, "FS_0006") : undefined
      )
      const { events, run } = yield* world(platform, [new MemorySink()])
      yield* run()
      events.length = 0
      strictEqual(counts(yield* run()).failed, 1)
      deepStrictEqual(only(events, "StillFailed").map(({ jobId }) => jobId), ["b-1"])
    }))
})
