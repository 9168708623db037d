import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import { counts, idsIn, world } from "./support/exports.ts"
import { batchOf, FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"

/** What was requested of the platform since, without pages. */
const requested = (platform: FakePlatform, before: number) =>
  platform.kinds.slice(before).filter((kind) => kind.startsWith("jobs")).sort()

const remove = (sink: MemorySink, ...ids: ReadonlyArray<string>) => {
  for (const id of ids) sink.stored.delete(`b/${id}`)
}

const modify = (sink: MemorySink, id: string) => {
  const job = sink.stored.get(`b/${id}`)!
  sink.stored.set(`b/${id}`, { ...job, document: `${job.document} ` })
}

describe("a repair", () => {
  it.effect("fetches what is missing or modified in a sink, and nothing else", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(8)])
      const sink = new MemorySink()
      const { events, run } = yield* world(platform, [sink])
      yield* run()
      const before = new Map(sink.stored)
      remove(sink, "b-2", "b-5")
      modify(sink, "b-4")
      events.length = 0
      const asked = platform.kinds.length
      const report = yield* run({ repair: true })
      deepStrictEqual(counts(report), { listed: 8, exported: 3, unchanged: 5, unfinished: 0, failed: 0 })
      strictEqual(report.batches[0]?.changed, 0)
      deepStrictEqual(requested(platform, asked), ["jobs b-2", "jobs b-4", "jobs b-5"])
      assert.deepStrictEqual(sink.stored, before)
    }))

  it.effect("takes from another sink what that one holds, and requests nothing", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(8)])
      const holding = new MemorySink({ id: "memory:holding", replays: true })
      const other = new MemorySink({ id: "memory:other", replays: true })
      const { run } = yield* world(platform, [holding, other])
      yield* run()
      // As many in each, so that only a look at the jobs says what they lack.
      remove(other, "b-1", "b-2")
      modify(holding, "b-6")
      remove(holding, "b-7")
      const asked = platform.kinds.length
      const report = yield* run({ repair: true })
      deepStrictEqual(counts(report), { listed: 8, exported: 0, unchanged: 8, unfinished: 0, failed: 0 })
      deepStrictEqual(requested(platform, asked), [])
      deepStrictEqual(idsIn(holding), idsIn(other))
      deepStrictEqual(holding.stored.get("b/b-6"), other.stored.get("b/b-6"))
    }))

  it.effect("fetches what is missing in every sink", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(4)])
      const sinks = [
        new MemorySink({ id: "memory:one", replays: true }),
        new MemorySink({ id: "memory:two", replays: true })
      ]
      const { run } = yield* world(platform, sinks)
      yield* run()
      sinks.forEach((sink) => remove(sink, "b-3"))
      deepStrictEqual(counts(yield* run({ repair: true })).exported, 1)
      deepStrictEqual(sinks.map((sink) => idsIn(sink).length), [4, 4])
    }))

  it.effect("does nothing if all is intact", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(4)])
      const sink = new MemorySink()
      const { run } = yield* world(platform, [sink])
      yield* run()
      const asked = platform.kinds.length
      deepStrictEqual(counts(yield* run({ repair: true })).unchanged, 4)
      deepStrictEqual(requested(platform, asked), [])
    }))
})

describe("a job that is missing in a sink and no longer listed", () => {
  const lost = Effect.gen(function*() {
    const platform = new FakePlatform([batchOf(4)])
    const sink = new MemorySink()
    const made = yield* world(platform, [sink])
    yield* made.run()
    const { jobs } = platform.batches[0]!
    remove(sink, "b-3")
    jobs.pop()
    return { ...made, platform, sink }
  })

  it.effect("is fetched by its id, while the platform has it", () =>
    Effect.gen(function*() {
      const { platform, run, sink } = yield* lost
      // The platform still knows the job: its batch has another one that holds it.
      platform.batches.push({ projectId: "p", batchId: "elsewhere", jobs: [{ id: "b-3" }] })
      const report = yield* run({ repair: true })
      deepStrictEqual(counts(report), { listed: 4, exported: 1, unchanged: 3, unfinished: 0, failed: 0 })
      assert.isTrue(report.complete)
      strictEqual(report.batches[0]?.delisted, 1)
      assert.isTrue(sink.stored.has("b/b-3"))
    }))

  for (const repair of [false, true]) {
    it.effect(`is reported as failed, once, if the platform has removed it (repair: ${repair})`, () =>
      Effect.gen(function*() {
        const { run } = yield* lost
        const report = yield* run({ repair })
        deepStrictEqual(counts(report), { listed: 4, exported: 0, unchanged: 3, unfinished: 0, failed: 1 })
        assert.isFalse(report.complete)
        strictEqual(report.failures[0]?.example.jobId, "b-3")
        deepStrictEqual(counts(yield* run()), { listed: 3, exported: 0, unchanged: 3, unfinished: 0, failed: 0 })
      }))
  }

  it.effect("is retried by every run while its failure is retryable", () =>
    Effect.gen(function*() {
      const { platform, run, sink } = yield* lost
      platform.override = (_, kind) => kind === "jobs b-3" ? { status: 503 } : undefined
      strictEqual(counts(yield* run()).failed, 1)
      strictEqual(counts(yield* run()).failed, 1)
      platform.override = () => undefined
      platform.batches.push({ projectId: "p", batchId: "elsewhere", jobs: [{ id: "b-3" }] })
      strictEqual(counts(yield* run()).exported, 1)
      assert.isTrue(sink.stored.has("b/b-3"))
    }))

  it.effect("counts towards the limit", () =>
    Effect.gen(function*() {
      const { platform, run } = yield* lost
      platform.batches[0]!.jobs.push({ id: "b-4" })
      const report = yield* run({ limit: 1 })
      assert.isTrue(report.limited)
      strictEqual(counts(report).exported, 1)
    }))

  it.effect("is not fetched by a refresh of other jobs", () =>
    Effect.gen(function*() {
      const { platform, run } = yield* lost
      const asked = platform.kinds.length
      yield* run({ selection: { _tag: "Refresh", jobs: new Set(["b-1"]) } })
      deepStrictEqual(requested(platform, asked), ["jobs b-1"])
    }))
})

describe("a refresh", () => {
  it.effect("restores what was removed or modified by hand although the platform has it unchanged", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(6)])
      const sink = new MemorySink()
      const { run } = yield* world(platform, [sink])
      yield* run()
      const before = sink.stored.get("b/b-4")
      remove(sink, "b-2")
      modify(sink, "b-4")
      const report = yield* run({ selection: { _tag: "Refresh" } })
      deepStrictEqual(counts(report), { listed: 6, exported: 2, unchanged: 4, unfinished: 0, failed: 0 })
      strictEqual(report.batches[0]?.changed, 0)
      strictEqual(sink.stored.size, 6)
      deepStrictEqual(sink.stored.get("b/b-4"), before)
    }))

  it.effect("of chosen jobs restores what the sink lacks by its own records", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(6)])
      const sink = new MemorySink()
      const { run } = yield* world(platform, [sink])
      yield* run()
      remove(sink, "b-2")
      yield* run({ selection: { _tag: "Refresh", jobs: new Set(["b-2"]) } })
      strictEqual(sink.stored.size, 6)
    }))
})
