import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { counts, world } from "./support/exports.ts"
import { batchOf, error, FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"

const jobsSince = (platform: FakePlatform, before: number) =>
  platform.kinds.slice(before).filter((kind) => kind.startsWith("jobs"))

describe("a refresh of chosen jobs", () => {
  for (const [how, answer] of [["for good", error(400, "GE_0001")], ["for a time", error(400, "FS_0000")]] as const) {
    it.effect(`asks for no job that failed ${how} and was not chosen`, () =>
      Effect.gen(function*() {
        const platform = new FakePlatform(
          [batchOf(6)],
          (_, kind) => /jobs b-[345]/.test(kind) ? answer : undefined
        )
        const { run } = yield* world(platform, [new MemorySink()])
        yield* run()
        const before = platform.kinds.length
        platform.batches[0]!.jobs.push({ id: "b-new" }, { id: "b-late", status: "in_progress" })
        const report = yield* run({ selection: { _tag: "Refresh", jobs: new Set(["b-0"]) } })
        deepStrictEqual(jobsSince(platform, before), ["jobs b-0"])
        deepStrictEqual(counts(report), { listed: 1, exported: 0, unchanged: 1, unfinished: 0, failed: 0 })
        strictEqual(report.batches[0]?.skipped, 7)
        assert(report.complete && !report.noMatch)
      }))
  }

  it.effect("fetches a chosen job that failed for good", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform(
        [batchOf(3)],
        (_, kind) => kind === "jobs b-1" ? error(400, "GE_0001") : undefined
      )
      const { run } = yield* world(platform, [new MemorySink()])
      yield* run()
      platform.override = () => undefined
      const report = yield* run({ selection: { _tag: "Refresh", jobs: new Set(["b-1"]) } })
      strictEqual(report.batches[0]?.exported, 1)
    }))

  it.effect("stays with them while it follows a batch", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([{
        projectId: "p",
        batchId: "b",
        jobs: [{ id: "b-0", status: "in_progress" }, { id: "b-1" }]
      }])
      const { run } = yield* world(platform, [new MemorySink()])
      yield* run({
        selection: { _tag: "Refresh", jobs: new Set(["b-0"]) },
        follow: { interval: "1 minute", deadline: "3 minutes" }
      })
      deepStrictEqual(jobsSince(platform, 0), [])
    }))
})

describe("a refresh with a limit", () => {
  it.effect("takes the jobs that were checked longest ago, so that each takes other jobs than the one before", () =>
    Effect.gen(function*() {
      // Two that fail each time come first, and must not be all that is ever taken.
      const platform = new FakePlatform(
        [batchOf(5), batchOf(2, "c")],
        (_, kind) => /jobs b-[01]/.test(kind) ? error(400, "FS_0000") : undefined
      )
      const { run } = yield* world(platform, [new MemorySink()])
      yield* run()
      const taken: Array<string> = []
      for (let time = 0; time < 4; time++) {
        yield* TestClock.adjust("1 minute")
        const before = platform.kinds.length
        const report = yield* run({ selection: { _tag: "Refresh" }, limit: 2 })
        assert(report.limited)
        taken.push(...new Set(jobsSince(platform, before)))
      }
      deepStrictEqual([taken.length, new Set(taken).size], [8, 7], taken.join())
    }))

  it.effect("that all jobs fit into is not limited", () =>
    Effect.gen(function*() {
      const { run } = yield* world(new FakePlatform([batchOf(3)]), [new MemorySink()])
      yield* run()
      const report = yield* run({ selection: { _tag: "Refresh" }, limit: 3 })
      assert(!report.limited && report.complete)
      strictEqual(counts(report).unchanged, 3)
    }))
})
