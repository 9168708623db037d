import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Deferred, Effect, Fiber, Stream } from "effect"
import * as Export from "../src/Export.ts"
import * as ExportReport from "../src/ExportReport.ts"
import { idsIn, only, released, world } from "./support/exports.ts"
import { batchOf, error, FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"
import { lapse, settle } from "./support/time.ts"

const tagsOf = (events: ReadonlyArray<Export.JobEvent>) => events.map(({ _tag }) => _tag)

describe("the stream of an export", () => {
  it.effect("emits every event, and its fold is the report", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(20)], (_, kind) =>
        kind === "jobs b-3" ? error(400, "FS_0006") : undefined)
      const sink = new MemorySink()
      const { events: told, stream } = yield* world(platform, [sink])
      const events = yield* lapse(Stream.runCollect(stream()))
      released(platform, [sink])
      deepStrictEqual(events, told)
      deepStrictEqual(tagsOf(events).slice(0, 3), ["Started", "PassStarted", "Listed"])
      deepStrictEqual(tagsOf(events).at(-1), "Ended")
      strictEqual(only(events, "Fetching").length, 20)
      strictEqual(only(events, "Fetched").length, 20)
      strictEqual(only(events, "Exported").length, 19)
      deepStrictEqual(
        only(events, "Stored").flatMap(({ receipts }) =>
          receipts.map(({ jobId }) => jobId)
        ).sort(),
        idsIn(sink)
      )
      const report = events.reduce(ExportReport.apply, ExportReport.empty)
      deepStrictEqual([report.batches[0]?.exported, report.batches[0]?.failed, report.complete], [19, 1, false])
      strictEqual(ExportReport.inFlight(report), 0)
    }))

  it.effect("reports a page without news in one event", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(50)], undefined, 50)
      const { run, stream } = yield* world(platform, [new MemorySink()])
      yield* run()
      const events = yield* lapse(Stream.runCollect(stream()))
      const tags = ["Started", "PassStarted", "Listed", "Unchanged", "BatchListed", "SinkFinished", "Ended"]
      deepStrictEqual(tagsOf(events), tags)
      strictEqual(only(events, "Unchanged")[0]?.jobIds.length, 50)
    }))

  it.effect("makes the run wait for a slow consumer", () =>
    Effect.gen(function*() {
      const jobs = 600
      const platform = new FakePlatform([batchOf(jobs)], undefined, 100)
      const sink = new MemorySink({ capabilities: { batch: { maxRecords: 50 } } })
      const { stream } = yield* world(platform, [sink])
      const go = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(
        Stream.runFold(Stream.tap(stream({ concurrency: 8 }), () => Deferred.await(go)), () => 0, (count) => count + 1)
      )
      let stored = -1
      while (stored !== sink.stored.size) {
        stored = sink.stored.size
        yield* settle
      }
      assert.isAbove(stored, 200)
      assert.isBelow(stored, 500)
      yield* Deferred.succeed(go, undefined)
      assert.isAbove(yield* lapse(Fiber.join(fiber)), 3 * jobs)
      strictEqual(sink.stored.size, jobs)
      released(platform, [sink])
    }))

  it.effect("stops the run gently when its consumer stops", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(400)], undefined, 20)
      const sink = new MemorySink()
      const { events, ledger, stream } = yield* world(platform, [sink])
      const exported = Stream.filter(stream({ concurrency: 4 }), ({ _tag }) => _tag === "Exported")
      strictEqual((yield* lapse(Stream.runCollect(Stream.take(exported, 3)))).length, 3)
      released(platform, [sink])
      assert.isBelow(sink.stored.size, 400)
      strictEqual(events.at(-1)?._tag, "Ended")
      strictEqual((yield* ledger.counts(platform.batches[0]!)).stored, sink.stored.size)
      const [runs] = yield* Stream.runCollect(ledger.runs)
      strictEqual(runs?.[0]?.end?.outcome, "stopped")
    }))

  it.effect("fails as the run does, after what happened before", () =>
    Effect.gen(function*() {
      const platform: FakePlatform = new FakePlatform([batchOf(20)], (_, kind) => {
        if (kind === "jobs b-9") platform.spool.isFull = true
        return undefined
      })
      const { stream } = yield* world(platform, [new MemorySink()])
      const events: Array<Export.JobEvent> = []
      const failing = Stream.runForEach(stream({ concurrency: 1 }), (event) => Effect.sync(() => events.push(event)))
      strictEqual((yield* lapse(Effect.flip(failing)))._tag, "ContentError")
      strictEqual(only(events, "Fetching").length, 10)
      strictEqual(only(events, "Ended").length, 0)
    }))

  it.effect("counts again with each pass, and what an earlier one exported as exported", () =>
    Effect.gen(function*() {
      const batch = batchOf(3)
      batch.jobs[2] = { id: "b-2", status: "in_progress" }
      const platform = new FakePlatform([batch])
      const { stream } = yield* world(platform, [new MemorySink()])
      const finish = (event: Export.JobEvent) =>
        Effect.sync(() => {
          if (event._tag === "BatchListed") batch.jobs[2] = { id: "b-2" }
        })
      const events = yield* lapse(Stream.runCollect(Stream.tap(stream({ follow: { interval: "1 minute" } }), finish)))
      deepStrictEqual(only(events, "PassStarted").map(({ pass }) => pass), [1, 2])
      const again = only(events, "Unchanged")
      deepStrictEqual(again.map(({ isExported, jobIds }) => [isExported, jobIds]), [[true, ["b-0", "b-1"]]])
      const report = events.reduce(ExportReport.apply, ExportReport.empty)
      deepStrictEqual([report.batches[0]?.listed, report.batches[0]?.exported, report.complete], [3, 3, true])
    }))
})

describe("the fold of events", () => {
  const ref = { projectId: "p", batchId: "b" }
  const fold = (...events: ReadonlyArray<Export.JobEvent>) =>
    events.reduce(
      ExportReport.apply,
      ExportReport.apply(ExportReport.empty, { _tag: "Started", batches: [ref], sinks: [], filter: "result" })
    )

  it("changes no report that it has returned", () => {
    const before = fold({ _tag: "Listed", ...ref, count: 2 })
    const copy = structuredClone(before)
    ExportReport.apply(before, { _tag: "Unchanged", ...ref, jobIds: ["1"], isFetched: true, isExported: false })
    deepStrictEqual(before, copy)
  })

  it("counts open jobs as remaining, and jobs skipped by their result as not listed", () => {
    const [batch] = fold(
      { _tag: "Listed", ...ref, count: 3 },
      { _tag: "Skipped", ...ref, jobIds: ["1"], statuses: [], labels: ["Car"] },
      { _tag: "Unfinished", ...ref, jobIds: ["2"] }
    ).batches
    deepStrictEqual([batch?.listed, batch?.skipped, batch?.unfinished, batch?.remaining], [2, 1, 1, 1])
  })

  it("ignores events of a batch or sink that the run does not have", () => {
    const before = fold()
    const other = { projectId: "p", batchId: "c" }
    deepStrictEqual(ExportReport.apply(before, { _tag: "Listed", ...other, count: 1 }), before)
    deepStrictEqual(ExportReport.apply(before, { _tag: "SinkFailed", sink: "x", message: "gone" }), before)
  })
})
