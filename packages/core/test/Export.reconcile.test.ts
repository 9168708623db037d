import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Exit } from "effect"
import { type Ledger, LedgerError } from "../src/Ledger.ts"
import { counts, idsIn, world } from "./support/exports.ts"
import { batchOf, FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"

const rework = (platform: FakePlatform) => {
  const [batch] = platform.batches
  batch!.jobs = batch!.jobs.map(({ id }) => ({ id, document: `{"reworked":"${id}"}` }))
}

const putBack = (platform: FakePlatform) => {
  const [batch] = platform.batches
  batch!.jobs = batch!.jobs.map(({ id }) => ({ id }))
}

/** Makes the ledger refuse receipts, as when its disk is full, until a test allows them. */
const fill = (ledger: Ledger["Service"]) => {
  const open = ledger as { record: Ledger["Service"]["record"] }
  const { record } = open
  open.record = (outcomes) =>
    outcomes.some(({ _tag }) => _tag === "Stored")
      ? Effect.fail(new LedgerError({ reason: "unavailable", detail: "the disk is full" }))
      : record(outcomes)
  return () => {
    open.record = record
  }
}

const requested = (platform: FakePlatform, before: number) =>
  platform.kinds.slice(before).filter((kind) => !kind.startsWith("page"))

/** What the ledger says that each sink holds, and what it does hold. */
const held = Effect.fnUntraced(function*(ledger: Ledger["Service"], sink: MemorySink) {
  const jobs = Array.from(sink.stored.values())
  const entries = yield* ledger.find({ projectId: jobs[0]!.projectId, batchId: "b" }, jobs.map(({ jobId }) => jobId))
  deepStrictEqual(
    entries.map((entry) => entry?.receipts.find((receipt) => receipt.sink === sink.id)?.revision.document),
    jobs.map(({ revision }) => revision.document)
  )
})

/** A sink that holds a revision without a receipt in the ledger. */
const ahead = Effect.gen(function*() {
  const platform = new FakePlatform([batchOf(6)])
  const sink = new MemorySink()
  const made = yield* world(platform, [sink])
  yield* made.run()
  const original = new Map(sink.stored)
  rework(platform)
  const empty = fill(made.ledger)
  const exit = yield* Effect.exit(made.run({ selection: { _tag: "Refresh" } }))
  assert(Exit.isFailure(exit))
  empty()
  assert.isTrue(Array.from(sink.stored.values()).some(({ document }) => document.includes("reworked")))
  return { ...made, platform, sink, original }
})

describe("a sink that holds a replacement without a receipt in the ledger", () => {
  it.effect("is brought back by a refresh when the platform has gone back", () =>
    Effect.gen(function*() {
      const { ledger, original, platform, run, sink } = yield* ahead
      putBack(platform)
      assert((yield* run({ selection: { _tag: "Refresh" } })).complete)
      deepStrictEqual(sink.stored, original)
      yield* held(ledger, sink)
    }))

  it.effect("holds after a plain export what the ledger says", () =>
    Effect.gen(function*() {
      const { ledger, platform, run, sink } = yield* ahead
      putBack(platform)
      assert((yield* run()).complete)
      yield* held(ledger, sink)
    }))

  it.effect("is reported as changed while the platform still has it", () =>
    Effect.gen(function*() {
      const { ledger, run, sink } = yield* ahead
      const report = yield* run({ selection: { _tag: "Refresh" } })
      strictEqual(report.batches[0]?.changed, 6)
      yield* held(ledger, sink)
      strictEqual((yield* run()).batches[0]?.unchanged, 6)
    }))
})

describe("a sink that lost jobs between two runs", () => {
  it.effect("gets them again from a normal export", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(6)])
      const sink = new MemorySink()
      const { ledger, run } = yield* world(platform, [sink])
      yield* run()
      sink.stored.clear()
      deepStrictEqual(counts(yield* run()).exported, 6)
      strictEqual(sink.stored.size, 6)
      yield* held(ledger, sink)
    }))

  it.effect("is not inspected if its count agrees and the last run ended well", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(6)])
      const sink = new MemorySink()
      const { run } = yield* world(platform, [sink])
      yield* run()
      sink.inspected.length = 0
      yield* run()
      yield* run()
      deepStrictEqual(sink.inspected, [])
    }))
})

describe("a sink that lost one job and holds a newer revision of another than the sink that could return it", () => {
  /** The first sink lacks the rework of `b-1`; `run` is then one with both. */
  const made = Effect.fnUntraced(function*(isThere: boolean) {
    const platform = new FakePlatform([batchOf(4)])
    const old = new MemorySink({ id: "memory:old", replays: true })
    const ahead = new MemorySink({ id: "memory:ahead" })
    const sinks = [old, ahead]
    const { run } = yield* world(platform, sinks)
    yield* run()
    const { jobs } = platform.batches[0]!
    jobs[1] = { id: "b-1", document: `{"reworked":"b-1"}` }
    old.rejects = ({ jobId }) => jobId === "b-1"
    if (!isThere) sinks.shift()
    yield* run({ selection: { _tag: "Refresh" } })
    if (!isThere) sinks.unshift(old)
    ahead.stored.delete("b/b-3")
    return { ahead, old, run }
  })

  const isReworked = (sink: MemorySink) => sink.stored.get("b/b-1")!.document.includes("reworked")

  it.effect("keeps it if the other one cannot store it", () =>
    Effect.gen(function*() {
      const { ahead, run } = yield* made(true)
      strictEqual(counts(yield* run()).failed, 1)
      assert.isTrue(isReworked(ahead))
      strictEqual(ahead.stored.size, 4)
    }))

  it.effect("keeps it if the other one was not in the run that stored it", () =>
    Effect.gen(function*() {
      const { ahead, old, run } = yield* made(false)
      old.rejects = () => false
      assert.isTrue((yield* run()).complete)
      assert.isTrue(isReworked(ahead) && isReworked(old))
      deepStrictEqual(ahead.history.filter((id) => id === "b-1").length, 2)
    }))
})

describe("a sink that was full", () => {
  it.effect("is backfilled from another one when it has room, and nothing is requested", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(12)])
      const whole = new MemorySink({ id: "memory:whole", replays: true })
      const full = new MemorySink({ id: "memory:full" })
      const { ledger, run } = yield* world(platform, [whole, full])
      full.failNext("stage", "unavailable")
      strictEqual(counts(yield* run()).failed, 12)
      full.before = () => Effect.void
      const before = platform.kinds.length
      const report = yield* run()
      deepStrictEqual(counts(report), { listed: 12, exported: 0, unchanged: 12, unfinished: 0, failed: 0 })
      deepStrictEqual(requested(platform, before), [])
      deepStrictEqual(idsIn(full), idsIn(whole))
      strictEqual((yield* ledger.counts(platform.batches[0]!)).stored, 12)
      yield* held(ledger, full)
    }))

  it.effect("does not hide that a job failed for another reason", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(2)])
      const whole = new MemorySink({ id: "memory:whole", replays: true })
      const { ledger, run } = yield* world(platform, [whole])
      yield* run()
      const error = { reason: "AttachmentMissing", message: "it is gone", retryable: true }
      yield* ledger.record([{ _tag: "Failed", batch: platform.batches[0]!, jobId: "b-0", error, at: 1 }])
      const before = platform.kinds.length
      yield* run()
      assert.isTrue(requested(platform, before).includes("jobs b-0"))
    }))
})
