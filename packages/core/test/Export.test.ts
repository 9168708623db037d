import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Stream } from "effect"
import { counts, idsIn, only, world } from "./support/exports.ts"
import { batchOf, FakePlatform, files, ok } from "./support/fakePlatform.ts"
import { type Before, MemorySink } from "./support/memorySink.ts"

const inWork = (_: unknown, kind: string) => kind === "jobs b-2" ? ok({ status: "completed", result: "" }) : undefined

describe("an export", () => {
  it.effect("stores every finished job, and counts each job once", () =>
    Effect.gen(function*() {
      const sink = new MemorySink()
      const batch = batchOf(7)
      batch.jobs[4] = { id: "b-4", status: "in_progress" }
      const { events, run } = yield* world(new FakePlatform([batch], inWork), [sink])
      const report = yield* run()
      deepStrictEqual(counts(report), { listed: 7, exported: 5, unchanged: 0, unfinished: 2, failed: 0 })
      assert(report.complete && !report.stopped)
      assert(report.batches[0]?.isListed)
      deepStrictEqual(idsIn(sink), ["b-0", "b-1", "b-3", "b-5", "b-6"])
      deepStrictEqual(only(events, "Exported").map(({ jobId }) => jobId).sort(), idsIn(sink))
      deepStrictEqual(sink.finished, ["completed"])
      deepStrictEqual(report.sinks.map(({ bytes, queued, stored }) => [stored, bytes, queued]), [[
        5,
        report.batches[0]?.bytes,
        0
      ]])
    }))

  it.effect("counts annotations that gave no row once, and names the first, however often sinks read them", () =>
    Effect.gen(function*() {
      const sound = { _id: "a", label: "l", coordinates: [{ x: 0, y: 0 }] }
      const documentOf = (rectangles: ReadonlyArray<unknown>) => ({ data: { annotations: { rectangles } } })
      const batch = batchOf(3)
      batch.jobs[1] = { id: "b-1", document: documentOf([sound, null, { label: "no points" }, sound]) }
      const readRows: Before = (step, _, records) =>
        step !== "stage" ? Effect.void : Effect.orDie(Effect.forEach(
          records,
          ({ batchId, jobId, parsed }) => Effect.repeat(Stream.runDrain(parsed.rows({ batchId, jobId })), { times: 1 }),
          { discard: true }
        ))
      const sinks = ["one", "two"].map((name) => new MemorySink({ id: `memory:${name}`, before: readRows }))
      const { run } = yield* world(new FakePlatform([batch]), sinks)
      const [counted] = (yield* run()).batches
      strictEqual(counted?.exported, 3)
      strictEqual(counted?.problems, 2)
      deepStrictEqual(counted?.problemExample, {
        jobId: "b-1",
        path: "/data/annotations/rectangles/1",
        reason: "expected an object"
      })
      const [again] = (yield* run()).batches
      deepStrictEqual([again?.problems, again?.problemExample], [0, null])
    }))

  it.effect("asks for pages only when it is run again", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(7), batchOf(3, "c")])
      const sink = new MemorySink()
      const { run } = yield* world(platform, [sink])
      yield* run()
      const before = platform.kinds.length
      const report = yield* run()
      deepStrictEqual(counts(report), { listed: 7, exported: 0, unchanged: 7, unfinished: 0, failed: 0 })
      assert(report.complete)
      assert(platform.kinds.slice(before).every((kind) => kind.startsWith("page")))
      strictEqual(platform.kinds.slice(before).length, 6)
      strictEqual(sink.history.length, 10)
    }))

  it.effect("fetches later what was in progress before", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(4)], inWork)
      const sink = new MemorySink()
      const { run } = yield* world(platform, [sink])
      yield* run()
      platform.override = () => undefined
      deepStrictEqual(counts(yield* run()), { listed: 4, exported: 1, unchanged: 3, unfinished: 0, failed: 0 })
      strictEqual(sink.stored.size, 4)
    }))

  it.effect("stores the first job before the last page is asked for", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(40)], (_, kind) => {
        if (kind === "page b 1575822103313046038") storedByThen = sink.stored.size
        return undefined
      })
      let storedByThen = -1
      const sink = new MemorySink()
      const { run } = yield* world(platform, [sink])
      yield* run({ concurrency: 4 })
      assert.isAbove(storedByThen, 20)
    }))

  it.effect("counts a job that is on two pages once", () =>
    Effect.gen(function*() {
      const batch = batchOf(4)
      batch.jobs.splice(2, 0, { id: "b-0" }, { id: "b-1" })
      const { run } = yield* world(new FakePlatform([batch]), [new MemorySink()])
      deepStrictEqual(counts(yield* run()), { listed: 4, exported: 4, unchanged: 0, unfinished: 0, failed: 0 })
    }))

  it.effect("has nothing to do for an empty batch, and says that nothing is missing", () =>
    Effect.gen(function*() {
      const sink = new MemorySink()
      const { run } = yield* world(new FakePlatform([batchOf(0)]), [sink])
      assert((yield* run()).complete)
      deepStrictEqual(sink.calls, ["finish"])
    }))

  it.effect("keeps jobs of the same id in different batches apart", () =>
    Effect.gen(function*() {
      const sink = new MemorySink()
      const one = { projectId: "p", batchId: "one", jobs: [{ id: "same" }] }
      const { run } = yield* world(new FakePlatform([one, { ...one, batchId: "two" }]), [sink])
      const report = yield* run()
      deepStrictEqual([counts(report, 0).exported, counts(report, 1).exported], [1, 1])
      deepStrictEqual(Array.from(sink.stored.keys()), ["one/same", "two/same"])
    }))
})

describe("memory", () => {
  const delayed = ({ url }: { readonly url: URL }) =>
    url.pathname.includes("/jobs/")
      ? {
        ...ok({
          status: "completed",
          result: `https://files.test/${url.pathname.split("/").at(-1)}.json?a=1&b=x+y%20z`
        }),
        delay: 50
      }
      : undefined

  it.effect.each([1, 3, 8])("is never more than %d jobs being fetched", (concurrency) =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(40)], delayed)
      const { run } = yield* world(platform, [new MemorySink()])
      let most = 0
      let now = 0
      const usual = platform.override
      platform.override = (asked, kind) => {
        if (kind.startsWith("jobs")) most = Math.max(most, ++now)
        if (kind.startsWith("file")) now--
        return usual(asked, kind)
      }
      deepStrictEqual(counts(yield* run({ concurrency })).exported, 40)
      assert.isAtMost(most, concurrency)
    }))

  it.effect(
    "does not grow with the number of jobs although the sink is slow",
    () =>
      Effect.gen(function*() {
        const most = Effect.fnUntraced(function*(jobs: number) {
          const platform = new FakePlatform([batchOf(jobs)], undefined, 10)
          const before = (step: string) => step === "commit" ? Effect.sleep(500) : Effect.void
          const sink = new MemorySink({ before })
          const { run } = yield* world(platform, [sink])
          yield* run({ concurrency: 4 })
          strictEqual(sink.stored.size, jobs)
          return platform.spool.mostHeld
        })
        const few = yield* most(40)
        strictEqual(yield* most(400), few)
        // Being fetched, waiting for delivery, in the queue and in the batch.
        assert.isAtMost(few, 4 + 1 + 4 + 1 + 4)
      })
  )

  it.effect("is released at once when a job fails halfway", () =>
    Effect.gen(function*() {
      const batch = batchOf(40)
      batch.jobs = batch.jobs.map(({ id }) => ({ id, document: { id, url: `${files}/gone.png`, legend: {} } }))
      const platform = new FakePlatform([batch])
      const { run } = yield* world(platform, [new MemorySink()])
      strictEqual(counts(yield* run({ concurrency: 3 })).failed, 40)
      assert.isAtMost(platform.spool.mostHeld, 3)
    }))
})
