import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Export from "../src/Export.ts"
import { Ledger, LedgerError } from "../src/Ledger.ts"
import * as LedgerMemory from "../src/LedgerMemory.ts"
import { balanced, counts, released, world } from "./support/exports.ts"
import { batchOf, documentUrl, error, FakePlatform, ok } from "./support/fakePlatform.ts"
import type { Reply } from "./support/fakeTransport.ts"
import { MemorySink } from "./support/memorySink.ts"
import { lapse, settle } from "./support/time.ts"

const ids = (n: number) => batchOf(n).jobs.map(({ id }) => id)

/** What to answer about these jobs: a late answer, by milliseconds, or another one. */
const odd = (jobs: Readonly<Record<string, number | Reply>>): FakePlatform["override"] => (_, kind) => {
  const id = kind.startsWith("jobs ") ? kind.slice(5) : ""
  const reply = jobs[id]
  if (typeof reply !== "number") return reply
  return { ...ok({ status: "completed", result: documentUrl(id) }), delay: reply }
}

const ordered = (maxRecords = 1000, maxBytes = 1024 * 1024) =>
  new MemorySink({ capabilities: { ordering: "listing", batch: { maxRecords, maxBytes } } })

const asked = (platform: FakePlatform) => platform.kinds.filter((kind) => kind.startsWith("jobs")).length

const never = 1e9

/** The key is turned down for each job from this one on. */
const turnedDown = (from: number) =>
  Object.fromEntries(ids(300).slice(from).map((id) => [id, { ...error(401, "AUTH"), delay: 5000 }]))

describe("the order of records", () => {
  const slow = odd({ "b-0": 60_000, "b-7": 60_000 })

  it.effect("is that of the listing where a sink asks for it, even when one job is slow", () =>
    Effect.gen(function*() {
      const sink = ordered()
      const { run } = yield* world(new FakePlatform([batchOf(20)], slow), [sink, new MemorySink({ id: "memory:two" })])
      yield* run({ concurrency: 8 })
      deepStrictEqual(sink.history, ids(20))
    }))

  it.effect("is that in which they finish where no sink asks for one, so that a slow job holds up nothing", () =>
    Effect.gen(function*() {
      const sink = new MemorySink()
      const { run } = yield* world(new FakePlatform([batchOf(20)], slow), [sink])
      yield* run({ concurrency: 8 })
      deepStrictEqual(sink.history.slice(-2).sort(), ["b-0", "b-7"])
      deepStrictEqual(sink.history.toSorted(), ids(20).toSorted())
    }))
})

describe("a slow job before a sink that wants the order of the listing", () => {
  it.effect("holds up what follows it, but not the fetching of it", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(200)], odd({ "b-0": 60_000, "b-50": 60_000, "b-150": 60_000 }), 50)
      const sink = ordered()
      const { run, start } = yield* world(platform, [sink])
      yield* Effect.scoped(Effect.gen(function*() {
        yield* start({ concurrency: 4 })
        yield* settle
        strictEqual(asked(platform), 200)
        strictEqual(sink.stored.size, 0)
      }))
      const report = yield* run({ concurrency: 4 })
      deepStrictEqual(sink.history, ids(200))
      assert.isBelow(report.seconds, 70)
    }))

  it.effect("does not hold up a sink that wants none, and a crash then costs what was on its way", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(60)], odd({ "b-2": never }), 60)
      const any = new MemorySink({ id: "memory:two", replays: true })
      const sink = ordered()
      const { run, start } = yield* world(platform, [sink, any])
      yield* Effect.scoped(Effect.gen(function*() {
        yield* start({ concurrency: 4 })
        for (let turn = 0; turn < 5; turn++) yield* settle
      }))
      released(platform, [sink, any])
      deepStrictEqual([sink.history, any.history.length], [["b-0", "b-1"], 59])
      const before = asked(platform)
      platform.override = () => undefined
      assert((yield* run({ concurrency: 4 })).complete)
      strictEqual(asked(platform) - before, 1)
      deepStrictEqual([sink.history.toSorted(), any.history.length], [ids(60).toSorted(), 60])
    }))

  it.effect("lets no more be fetched ahead of it than a batch of the sink holds", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(300)], odd({ "b-10": never }), 100)
      const { start } = yield* world(platform, [ordered(100)])
      yield* Effect.scoped(Effect.gen(function*() {
        yield* start({ concurrency: 8 })
        for (let turn = 0; turn < 10; turn++) yield* settle
        strictEqual(asked(platform), 10 + 100)
      }))
    }))

  it.effect("lets no more bytes be fetched ahead of it than a batch of the sink holds", () =>
    Effect.gen(function*() {
      const batch = batchOf(100)
      batch.jobs = batch.jobs.map(({ id }) => ({ id, document: { id, text: "x".repeat(1000) } }))
      const platform = new FakePlatform([batch], odd({ "b-0": never }), 100)
      const { start } = yield* world(platform, [ordered(1000, 16_000)])
      yield* Effect.scoped(Effect.gen(function*() {
        yield* start({ concurrency: 2 })
        for (let turn = 0; turn < 10; turn++) yield* settle
        assert.isAtLeast(asked(platform), 16)
        // Those that are under way, and the one that is to be next, had their leave before the bound was reached.
        assert.isAtMost(asked(platform), 16 + 2 + 1)
      }))
    }))

  it.effect("does not keep what was fetched ahead of it from being stored, in order, when the run is stopped", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(100)], odd({ "b-3": never, "b-20": 15_000, "b-30": never }), 50)
      const sink = ordered()
      const { start } = yield* world(platform, [sink])
      const report = yield* Effect.scoped(Effect.gen(function*() {
        const running = yield* start({ concurrency: 5, grace: "10 seconds" })
        yield* settle
        yield* TestClock.adjust("10 seconds")
        yield* settle
        yield* running.stop
        return yield* lapse(running.await)
      }))
      balanced(report)
      released(platform, [sink])
      deepStrictEqual(sink.history, ids(100).filter((id) => id !== "b-3" && id !== "b-30"))
      strictEqual(report.batches[0]?.left, 2)
    }))

  it.effect("does not keep it from being stored when the platform turns the key down", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(300)], odd({ ...turnedDown(60), "b-3": never }), 300)
      const sink = ordered()
      const { running } = yield* world(platform, [sink])
      strictEqual((yield* lapse(Effect.flip(running({ concurrency: 4 }))))._tag, "GtStudioError")
      released(platform, [sink])
      assert.isAtLeast(sink.history.length, 50)
      deepStrictEqual(sink.history, ids(60).filter((id) => sink.history.includes(id)))
      assert(!sink.history.includes("b-3"))
    }))

  it.effect("does not let an export wait for sinks that have ended with their ledger", () =>
    Effect.gen(function*() {
      const slow = odd({ "b-0": never, "b-60": 5000 })
      const platform: FakePlatform = new FakePlatform([batchOf(100)], (asked, kind) => {
        // What ends the run is the spool, while b-0 holds up the order.
        if (kind === `file ${documentUrl("b-60")}`) platform.spool.isFull = true
        return slow(asked, kind)
      }, 100)
      const sink = ordered(4)
      const full = new LedgerError({ reason: "unavailable", detail: "the disk is full" })
      const broken = Layer.effect(
        Ledger,
        Ledger.use((ledger) =>
          Effect.succeed(Ledger.of({
            ...ledger,
            record: (outcomes) => outcomes.some(({ _tag }) => _tag === "Stored") ? Effect.fail(full) : Effect.void
          }))
        )
      ).pipe(Layer.provide(Layer.fresh(LedgerMemory.layer)))
      const failure = yield* lapse(
        Export.run({ batches: platform.batches, sinks: [sink.sink], concurrency: 70 }).pipe(
          Effect.provide(Layer.merge(platform.layer(), broken)),
          Effect.flip
        )
      )
      strictEqual(failure, full)
      released(platform, [sink])
    }))

  it.effect("that fails is passed over", () =>
    Effect.gen(function*() {
      const late = { ...error(400, "FS_0006"), delay: 60_000 }
      const platform = new FakePlatform([batchOf(50)], odd({ "b-3": late }), 50)
      const sink = ordered()
      const { run } = yield* world(platform, [sink])
      deepStrictEqual(counts(yield* run({ concurrency: 4 })).failed, 1)
      deepStrictEqual(sink.history, ids(50).filter((id) => id !== "b-3"))
    }))
})
