import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { SinkError } from "../src/JobSink.ts"
import { counts, idsIn, released, world } from "./support/exports.ts"
import { batchOf, documentUrl, FakePlatform } from "./support/fakePlatform.ts"
import { type Before, MemorySink, twoSinks } from "./support/memorySink.ts"
import { lapse, settle } from "./support/time.ts"

const ids = (n: number) => batchOf(n).jobs.map(({ id }) => id).sort()

describe("a batch for a sink", () => {
  it.effect("holds no more records, and sends no more batches at once, than the sink takes", () =>
    Effect.gen(function*() {
      for (const [maxRecords, concurrentBatches] of [[1, 1], [3, 1], [5, 3]] as const) {
        const sink = new MemorySink({
          capabilities: { concurrentBatches, batch: { maxRecords, maxAge: 100 } },
          before: (step) => step === "commit" ? Effect.sleep(300) : Effect.void
        })
        const { run } = yield* world(new FakePlatform([batchOf(40)]), [sink])
        yield* run()
        deepStrictEqual(idsIn(sink), ids(40))
        strictEqual(sink.history.length, 40)
        strictEqual(sink.largestBatch, maxRecords)
        strictEqual(sink.mostBatches, concurrentBatches)
      }
    }))

  it.effect("is closed by its bytes", () =>
    Effect.gen(function*() {
      const batch = batchOf(12)
      batch.jobs = batch.jobs.map(({ id }) => ({ id, document: { id, text: "x".repeat(400) } }))
      const sink = new MemorySink({ capabilities: { batch: { maxRecords: 12, maxBytes: 1000, maxAge: 1000 } } })
      const { run } = yield* world(new FakePlatform([batch]), [sink])
      yield* run()
      strictEqual(sink.stored.size, 12)
      strictEqual(sink.largestBatch, 3)
    }))

  it.effect("is committed at its age while other jobs are on their way still", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(5)], (_, kind) =>
        kind === `file ${documentUrl("b-3")}` ? { body: "late", delay: 100_000 } : undefined)
      const sink = new MemorySink({ capabilities: { batch: { maxRecords: 100, maxAge: 10_000 } } })
      const { start } = yield* world(platform, [sink])
      const running = yield* start()
      yield* settle
      yield* TestClock.adjust("9 seconds")
      yield* settle
      strictEqual(sink.stored.size, 0)
      yield* TestClock.adjust("2 seconds")
      yield* settle
      strictEqual(sink.stored.size, 4)
      yield* lapse(running.await)
      strictEqual(sink.stored.size, 5)
    }))

  it.effect("waits little longer when its records have waited while the one before was stored", () =>
    Effect.gen(function*() {
      const late = (delay: number) => ({ body: { late: true }, delay })
      const platform = new FakePlatform([batchOf(5)], (_, kind) =>
        kind === `file ${documentUrl("b-3")}`
          ? late(15_000)
          : kind === `file ${documentUrl("b-4")}`
          ? late(100_000)
          : undefined)
      const sink = new MemorySink({
        capabilities: { batch: { maxRecords: 100, maxAge: 10_000 } },
        before: (step) => step === "commit" ? Effect.sleep("20 seconds") : Effect.void
      })
      const { start } = yield* world(platform, [sink])
      const running = yield* start()
      const stagesAfter = Effect.fnUntraced(function*(seconds: number) {
        yield* TestClock.adjust(seconds * 1000)
        yield* settle
        return sink.calls.filter((call) => call.startsWith("stage")).length
      })
      yield* settle
      strictEqual(yield* stagesAfter(11), 1)
      strictEqual(yield* stagesAfter(18), 1)
      strictEqual(yield* stagesAfter(4), 2)
      yield* lapse(running.await)
      strictEqual(sink.stored.size, 5)
    }))

  it.effect("is not waited for at the end of the run", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(5)], undefined, 5)
      const sink = new MemorySink({ capabilities: { batch: { maxRecords: 100, maxAge: "1 minute" } } })
      const { run } = yield* world(platform, [sink])
      const report = yield* run()
      strictEqual(sink.largestBatch, 5)
      assert.isBelow(report.seconds, 60)
    }))
})

describe("several sinks", () => {
  it.effect("each get everything, at the pace of the slowest", () =>
    Effect.gen(function*() {
      const [fast, slow] = twoSinks()
      slow.before = (step) => step === "commit" ? Effect.sleep(2000) : Effect.void
      const platform = new FakePlatform([batchOf(30)])
      const { run } = yield* world(platform, [fast, slow])
      deepStrictEqual(counts(yield* run({ concurrency: 4 })).exported, 30)
      for (const sink of [fast, slow]) {
        deepStrictEqual(idsIn(sink), ids(30))
        strictEqual(sink.history.length, 30)
      }
      strictEqual(platform.kinds.filter((kind) => kind.startsWith("file")).length, 30)
    }))

  it.effect("do not all get again what one of them lacks", () =>
    Effect.gen(function*() {
      const [one, other] = twoSinks()
      const platform = new FakePlatform([batchOf(10)])
      const { run } = yield* world(platform, [one, other])
      other.failNext("stage", "misconfigured", 1)
      const first = yield* run()
      strictEqual(counts(first).failed, 10 - other.stored.size)
      strictEqual(one.history.length, 10)
      const second = yield* run()
      assert(second.complete)
      strictEqual(counts(second).exported, counts(first).failed)
      deepStrictEqual(idsIn(other), ids(10))
      strictEqual(one.history.length, 10)
      strictEqual(other.history.length, 10)
    }))

  it.effect("continue when one dies halfway, and the report says so", () =>
    Effect.gen(function*() {
      const [one, dying] = twoSinks()
      let left = 3
      dying.before = (step) =>
        step === "commit" && left-- <= 0 ? Effect.fail(dying.error(step, "conflict")) : Effect.void
      const { ledger, run } = yield* world(new FakePlatform([batchOf(30)]), [one, dying])
      const report = yield* run({ concurrency: 2 })
      deepStrictEqual(idsIn(one), ids(30))
      const stored = dying.stored.size
      assert.isAbove(stored, 0)
      deepStrictEqual(counts(report), {
        listed: 30,
        exported: stored,
        unchanged: 0,
        unfinished: 0,
        failed: 30 - stored
      })
      strictEqual((yield* ledger.counts(report.batches[0]!)).failed, 30 - stored)
      strictEqual(report.sinks[0]?.error, null)
      assert.include(report.sinks[1]?.error ?? "", "made to fail")
      deepStrictEqual(report.failures.map(({ cause, count }) => [cause, count]), [[
        "memory sink: conflict",
        30 - stored
      ]])
      deepStrictEqual([one.finished, dying.finished], [["completed"], []])
      dying.before = () => Effect.void
      assert((yield* run()).complete)
      deepStrictEqual(idsIn(dying), ids(30))
      deepStrictEqual([one.history.length, dying.history.length], [30, 30])
    }))

  for (
    const [what, step] of [["staging", "stage"], ["committing", "commit"], ["aborting", "abort"]] as const
  ) {
    it.effect(`continue when one breaks by a fault in its code while ${what}`, () =>
      Effect.gen(function*() {
        const [one, broken] = twoSinks()
        const before: Before = (at) =>
          at === step
            ? Effect.die(new Error("fault"))
            : at === "commit"
            ? Effect.fail(broken.error(at, "corrupt"))
            : Effect.void
        broken.before = step === "commit" ? (at) => at === step ? Effect.die(new Error("fault")) : Effect.void : before
        const platform = new FakePlatform([batchOf(30)])
        const { run } = yield* world(platform, [one, broken])
        const report = yield* run()
        deepStrictEqual(idsIn(one), ids(30))
        deepStrictEqual(one.finished, ["completed"])
        strictEqual(counts(report).failed, 30)
        strictEqual(broken.stored.size, 0)
        assert(report.sinks[1]?.error !== null)
      }))
  }

  it.effect("hear each of the end of the run, also when one cannot take it", () =>
    Effect.gen(function*() {
      const [one, other] = twoSinks()
      one.failNext("finish", "misconfigured")
      const platform = new FakePlatform([batchOf(3)])
      const { running } = yield* world(platform, [one, other])
      const failure = yield* lapse(Effect.flip(running()))
      assert(failure instanceof SinkError)
      strictEqual(failure.step, "finish")
      deepStrictEqual(other.finished, ["completed"])
      released(platform, [one, other])
    }))

  it.effect("of one place are refused before anything is asked", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(3)])
      const { running } = yield* world(platform, [new MemorySink(), new MemorySink()])
      const failure = yield* Effect.flip(running())
      assert(failure instanceof SinkError)
      strictEqual(failure.reason, "misconfigured")
      strictEqual(platform.transport.asked.length, 0)
    }))

  it.effect("are all closed when one cannot be opened", () =>
    Effect.gen(function*() {
      const [one, other] = twoSinks()
      other.failNext("open", "conflict")
      const platform = new FakePlatform([batchOf(3)])
      const { running } = yield* world(platform, [one, other])
      strictEqual((yield* Effect.flip(running()))._tag, "SinkError")
      deepStrictEqual([one.opened, one.closed], [1, 1])
      strictEqual(platform.transport.asked.length, 0)
    }))
})

describe("the receipts of a sink", () => {
  it.effect("go each to its own job, whatever the ids hold", () =>
    Effect.gen(function*() {
      const ids = [["a", "b\nc"], ["a\nb", "c"], ["1 a", "b"], ["1", " ab"]] as const
      const platform = new FakePlatform(
        ids.map(([batchId, id]) => ({ projectId: "p", batchId, jobs: [{ id }] }))
      )
      const sink = new MemorySink({ capabilities: { batch: { maxRecords: 10, maxAge: 1000 } } })
      const { ledger, run } = yield* world(platform, [sink])
      yield* run()
      for (const batch of platform.batches) {
        const { id } = batch.jobs[0]!
        const [entry] = yield* ledger.find(batch, [id])
        strictEqual(entry?.receipts[0]?.revision.document, sink.stored.get(`${batch.batchId}/${id}`)?.revision.document)
      }
    }))
})

describe("a sink's notice", () => {
  it.effect("that its finish returns is in the report, and only there", () =>
    Effect.gen(function*() {
      const sink = new MemorySink()
      const notices = {
        ...sink.sink,
        open: Effect.map(sink.sink.open, (open) => ({ ...open, finish: () => Effect.succeed("Copy both files.") }))
      }
      const { running } = yield* world(new FakePlatform([batchOf(1)]), [])
      const report = yield* lapse(running({ sinks: [notices, new MemorySink({ id: "memory:other" }).sink] } as never))
      deepStrictEqual(report.sinks.map(({ error, notice }) => ({ error, notice })), [
        { error: null, notice: "Copy both files." },
        { error: null, notice: null }
      ])
      strictEqual(report.complete, true)
    }))
})
