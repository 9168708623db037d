import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Layer, Stream } from "effect"
import * as Convert from "../src/Convert.ts"
import * as Export from "../src/Export.ts"
import { apply, empty } from "../src/ExportReport.ts"
import type { Branch, Inspected } from "../src/JobSink.ts"
import { Ledger } from "../src/Ledger.ts"
import * as Verify from "../src/Verify.ts"
import { idsIn, world } from "./support/exports.ts"
import { batchOf, error, FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink, type Options } from "./support/memorySink.ts"
import { lapse } from "./support/time.ts"

/** A sink whose readers see nothing before its `finish`. */
const publishing = (options: Options = {}) =>
  new MemorySink({ ...options, capabilities: { visibility: "finish", ...options.capabilities } })

describe("a sink in which branches of other writers hold jobs", () => {
  it.effect("keeps the run from being complete, and says who holds them", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(2)])
      const memory = new MemorySink()
      let branches: ReadonlyArray<Branch> = [{ writer: "one", holder: "process 7 on host-a" }, {
        writer: "two",
        holder: null
      }]
      const { sink: plain } = memory
      const shared = {
        open: () => plain.open,
        merge: Effect.succeed({ merged: 0, stillOpen: [] }),
        list: Effect.sync(() => branches),
        takeOver: () => Effect.void
      }
      Object.defineProperty(memory, "sink", { value: { ...plain, branches: shared } })
      const { run } = yield* world(platform, [memory])
      const report = yield* run()
      const [sink] = report.sinks
      deepStrictEqual([report.complete, sink?.isPublished, sink?.error], [false, false, null])
      assert(sink?.notice?.includes("2 branches of other writers: one (process 7 on host-a), two.") === true)
      branches = []
      assert((yield* run()).complete)
    }))
})

describe("a sink that publishes at the end", () => {
  it.effect("is finished by each run, also by one that stores nothing and by a Retry", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(4)])
      const sink = publishing()
      const { run } = yield* world(platform, [sink])
      assert((yield* run()).complete)
      sink.calls.length = 0
      assert((yield* run()).complete)
      assert((yield* run({ selection: { _tag: "Retry" } })).complete)
      deepStrictEqual(sink.calls, ["finish", "finish"])
      deepStrictEqual(sink.finished, ["completed", "completed", "completed"])
    }))

  it.effect("gets the outcome partial for a limit and for a batch that could not be listed", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform(
        [batchOf(6), batchOf(3, "c")],
        (_, kind) =>
          kind.startsWith("page b") && !kind.endsWith("first") ? error(400, "invalid_request_error") : undefined
      )
      const sink = publishing()
      const { run } = yield* world(platform, [sink])
      assert((yield* run({ limit: 1 })).complete)
      assert(!(yield* run()).complete)
      deepStrictEqual(sink.finished, ["partial", "partial"])
    }))

  it.effect("makes a run complete only when it has published, which the next run does", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(4)])
      const sink = publishing()
      const { events, run, running } = yield* world(platform, [sink])
      sink.failNext("finish", "misconfigured")
      strictEqual((yield* lapse(Effect.flip(running())))._tag, "SinkError")
      const failed = events.reduce(apply, empty)
      deepStrictEqual([failed.complete, failed.sinks[0]?.isPublished, sink.stored.size], [false, false, 4])
      sink.failNext("finish", "misconfigured", 0)
      sink.calls.length = 0
      const report = yield* run()
      deepStrictEqual([report.complete, report.sinks[0]?.isPublished], [true, true])
      deepStrictEqual(sink.calls, ["finish"])
    }))

  it.effect("does not publish a stopped run although all is stored, and the next run does", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(3)])
      const [sink, plain] = [publishing(), new MemorySink({ id: "memory:plain" })]
      const { start } = yield* world(platform, [sink, plain])
      let stop: Effect.Effect<void> = Effect.void
      // The stop comes when everything is on its way into the sinks.
      sink.before = (step) => step === "commit" ? stop : Effect.void
      const stopped = yield* Effect.gen(function*() {
        const running = yield* start()
        stop = running.stop
        return yield* running.await
      }).pipe(Effect.scoped, lapse)
      deepStrictEqual([stopped.stopped, stopped.complete], [true, false])
      deepStrictEqual(stopped.sinks.map(({ isPublished }) => isPublished), [false, true])
      deepStrictEqual(sink.finished, ["stopped"])
      sink.before = () => Effect.void
      const { complete } = yield* lapse(Effect.scoped(Effect.flatMap(start(), (running) => running.await)))
      assert(complete)
      deepStrictEqual(sink.finished, ["stopped", "completed"])
    }))

  it.effect("is finished once by a conversion, whose source is not", () =>
    Effect.gen(function*() {
      const [source, target] = [publishing({ replays: true }), publishing({ id: "memory:target" })]
      const { ledger, run } = yield* world(new FakePlatform([batchOf(4)]), [source])
      yield* run()
      const convert = Effect.gen(function*() {
        const { context, export: options } = yield* Convert.make({ from: source.sink, to: [target.sink] })
        return yield* Effect.provide(Export.run(options), context)
      }).pipe(Effect.provideService(Ledger, ledger), lapse)
      for (const round of [1, 2]) {
        assert((yield* convert).complete)
        strictEqual(target.finished.length, round)
      }
      deepStrictEqual(idsIn(target), idsIn(source))
      deepStrictEqual(source.finished, ["completed"])
    }))

  it.effect("may report damage of no job: verify names it, and a repair fetches nothing and finishes", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(4)])
      const sink = publishing()
      const damaged: Inspected = { _tag: "Modified", path: "annotations.json" }
      const { ledger, run } = yield* world(platform, [sink])
      yield* run()
      const asked = platform.kinds.length
      const target = {
        ...sink.sink,
        inspect: () => Stream.concat(sink.sink.inspect("content"), Stream.make([damaged]))
      }
      const verified = yield* Stream.runCollect(Verify.sink(target)).pipe(Effect.provideService(Ledger, ledger))
      strictEqual(verified.reduce((sum, { intact }) => sum + intact, 0), 4)
      deepStrictEqual(verified.flatMap(({ differences }) => differences), [{ ...damaged, sink: "memory" }])
      const context = yield* Layer.build(platform.layer())
      const report = yield* Export.run({ batches: platform.batches, sinks: [target], repair: true }).pipe(
        Effect.provideService(Ledger, ledger),
        Effect.provide(context),
        lapse
      )
      deepStrictEqual([report.complete, sink.finished.length], [true, 2])
      deepStrictEqual(platform.kinds.slice(asked).filter((kind) => kind.startsWith("jobs")), [])
    }))
})
