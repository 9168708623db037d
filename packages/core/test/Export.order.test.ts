import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Export from "../src/Export.ts"
import { Ledger, LedgerError } from "../src/Ledger.ts"
import * as LedgerMemory from "../src/LedgerMemory.ts"
import { balanced, released, world } from "./support/exports.ts"
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

const never = 1e9

/** The key is turned down for each job from this one on. */
const turnedDown = (from: number) =>
  Object.fromEntries(ids(300).slice(from).map((id) => [id, { ...error(401, "AUTH"), delay: 5000 }]))

/** A sink that notes the position of each record that it is given. */
const noting = () => {
  const positions = new Map<string, number>()
  const sink = new MemorySink({
    before: (step, _, records) =>
      Effect.sync(() => {
        if (step === "stage") { for (const { jobId, position } of records ?? []) positions.set(jobId, position) }
      })
  })
  /** Ids of the jobs in the order of their positions. */
  const inOrder = () => Array.from(positions).sort(([, a], [, b]) => a - b).map(([id]) => id)
  return { sink, positions, inOrder }
}

describe("jobs", () => {
  const slow = odd({ "b-0": 60_000, "b-7": 60_000 })

  it.effect("reach sinks as they finish, so that a slow job delays no other, with their position in the listing", () =>
    Effect.gen(function*() {
      const { inOrder, sink } = noting()
      const other = new MemorySink({ id: "memory:two" })
      const { run } = yield* world(new FakePlatform([batchOf(20)], slow, 6), [sink, other])
      yield* run({ concurrency: 8 })
      deepStrictEqual(sink.history.slice(-2).sort(), ["b-0", "b-7"])
      deepStrictEqual(other.history.slice(-2).sort(), ["b-0", "b-7"])
      deepStrictEqual(inOrder(), ids(20))
    }))

  it.effect("have different positions over all batches, and those of a retry are in the ledger's order", () =>
    Effect.gen(function*() {
      const second = { ...batchOf(5), batchId: "c", jobs: ids(5).map((id) => ({ id: `c-${id}` })) }
      const platform = new FakePlatform(
        [batchOf(5), second],
        (_, kind) => kind.startsWith("jobs") ? error(400, "FS_0006") : undefined
      )
      const { inOrder, positions, sink } = noting()
      const { run } = yield* world(platform, [sink])
      yield* run()
      platform.override = () => undefined
      yield* run({ selection: { _tag: "Retry" } })
      deepStrictEqual(inOrder(), [...ids(5), ...ids(5).map((id) => `c-${id}`)])
      strictEqual(new Set(positions.values()).size, 10)
    }))

  it.effect("are numbered in replay order in a backfill", () =>
    Effect.gen(function*() {
      const source = new MemorySink({ id: "memory:source", replays: true })
      const { inOrder, positions, sink } = noting()
      const platform = new FakePlatform([batchOf(12)], slow)
      const alone = yield* world(platform, [source])
      yield* alone.run({ concurrency: 8 })
      const both = yield* world(platform, [source, sink])
      yield* both.run()
      deepStrictEqual(inOrder(), Array.from(source.stored.values(), ({ jobId }) => jobId))
      strictEqual(new Set(positions.values()).size, 12)
    }))

  it.effect("that were fetched next to a slow one are stored when the run is stopped", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(100)], odd({ "b-3": never, "b-20": 15_000, "b-30": never }), 50)
      const sink = new MemorySink()
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
      deepStrictEqual(sink.history.toSorted(), ids(100).filter((id) => id !== "b-3" && id !== "b-30").toSorted())
      strictEqual(report.batches[0]?.remaining, 2)
    }))

  it.effect("that were fetched next to a slow one are stored when the platform turns the key down", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(300)], odd({ ...turnedDown(60), "b-3": never }), 300)
      const sink = new MemorySink()
      const { running } = yield* world(platform, [sink])
      strictEqual((yield* lapse(Effect.flip(running({ concurrency: 4 }))))._tag, "GtStudioError")
      released(platform, [sink])
      assert.isAtLeast(sink.history.length, 50)
      assert(!sink.history.includes("b-3"))
    }))

  it.effect("next to a slow one do not make an export wait for sinks that have ended with their ledger", () =>
    Effect.gen(function*() {
      const slow = odd({ "b-0": never, "b-60": 5000 })
      const platform: FakePlatform = new FakePlatform([batchOf(100)], (asked, kind) => {
        // What ends the run is the spool.
        if (kind === `file ${documentUrl("b-60")}`) platform.spool.isFull = true
        return slow(asked, kind)
      }, 100)
      const sink = new MemorySink()
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
})
