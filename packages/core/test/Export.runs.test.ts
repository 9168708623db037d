import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Scope, Stream } from "effect"
import type { BatchReport } from "../src/ExportReport.ts"
import type { Ledger, RunEnd } from "../src/Ledger.ts"
import { world } from "./support/exports.ts"
import { batchOf, error, FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"
import { lapse, settle } from "./support/time.ts"

const ends = (ledger: Ledger["Service"]) =>
  Effect.map(Stream.runCollect(ledger.runs), (runs) => runs.flat().map(({ end }) => end))

const countsOf = (outcome: RunEnd["outcome"], batch: BatchReport): RunEnd => {
  const { bytes, exported, failed, listed, unchanged, unfinished } = batch
  return { outcome, listed, exported, unchanged, unfinished, failed, bytes }
}

describe("what the ledger remembers of a run", () => {
  it.effect("is its outcome, counts and bytes, as its report has them", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(9)], (_, kind) => {
        return kind === "jobs b-4" ? error(400, "resource_error") : undefined
      })
      platform.batches[0]!.jobs[2] = { id: "b-2", status: "pending" }
      const { ledger, run } = yield* world(platform, [new MemorySink()])
      const first = yield* run()
      const second = yield* run()
      deepStrictEqual([first.batches[0]?.exported, second.batches[0]?.exported], [7, 0])
      assert.isAbove(first.batches[0]!.bytes, 0)
      deepStrictEqual(yield* ends(ledger), [
        countsOf("completed", second.batches[0]!),
        countsOf("completed", first.batches[0]!)
      ])
    }))

  it.effect("counts for each pass of a followed batch what that pass alone has exported", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(5)], undefined, 100)
      const finish = (finished: number) => {
        const [batch] = platform.batches
        batch!.jobs = batch!.jobs.map((job, index) => ({ ...job, status: index < finished ? "completed" : "pending" }))
      }
      let looks = 0
      platform.override = (_, kind) => {
        if (kind.startsWith("page ")) finish(++looks === 1 ? 2 : 5)
        return undefined
      }
      const { ledger, run } = yield* world(platform, [new MemorySink()])
      const report = yield* run({ follow: { interval: "10 seconds" } })
      const [second, first] = yield* ends(ledger)
      const none = { outcome: "completed" as const, failed: 0 }
      assert.deepInclude(first, { ...none, listed: 5, exported: 2, unchanged: 0, unfinished: 3 })
      assert.deepInclude(second, { ...none, listed: 5, exported: 3, unchanged: 2, unfinished: 0 })
      strictEqual((first?.bytes ?? 0) + (second?.bytes ?? 0), report.batches[0]?.bytes)
    }))

  it.effect("distinguishes stopped, failed, and interrupted runs from completed ones", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(20)])
      const { ledger, running, start } = yield* world(platform, [new MemorySink()])
      yield* Effect.scoped(Effect.gen(function*() {
        const stopped = yield* start({ concurrency: 1 })
        yield* stopped.stop
        yield* lapse(stopped.await)
      }))
      platform.override = () => error(401, "unauthorized")
      yield* lapse(Effect.flip(running()))
      platform.override = () => ({ body: {}, delay: 1e9 })
      const scope = yield* Scope.make()
      yield* Scope.provide(start(), scope)
      yield* settle
      yield* Scope.close(scope, yield* Effect.exit(Effect.void))
      deepStrictEqual((yield* ends(ledger)).map((end) => end?.outcome), ["aborted", "aborted", "stopped"])
    }))
})
