import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import { SinkError } from "../src/JobSink.ts"
import { counts, idsIn, only, released, world } from "./support/exports.ts"
import { batchOf, FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink, twoSinks } from "./support/memorySink.ts"
import { lapse } from "./support/time.ts"

const ids = (n: number) => batchOf(n).jobs.map(({ id }) => id).sort()

describe("a sink that fails", () => {
  it.effect("for a moment is retried, and nothing is lost or repeated", () =>
    Effect.gen(function*() {
      for (const step of ["stage", "commit", "finish"] as const) {
        const sink = new MemorySink()
        sink.failNext(step, "unavailable", 2)
        const { run } = yield* world(new FakePlatform([batchOf(10)]), [sink])
        assert((yield* run()).complete)
        deepStrictEqual(idsIn(sink), ids(10))
        strictEqual(sink.history.length, 10)
        deepStrictEqual(sink.finished, ["completed"])
      }
    }))

  it.effect("ends the export when it is the only one, and requests no more jobs", () =>
    Effect.gen(function*() {
      const sink = new MemorySink()
      sink.failNext("stage", "corrupt")
      const platform = new FakePlatform([batchOf(60)])
      const { ledger, running } = yield* world(platform, [sink])
      const failure = yield* lapse(Effect.flip(running({ concurrency: 2 })))
      assert(failure instanceof SinkError)
      strictEqual(failure.reason, "corrupt")
      released(platform, [sink])
      assert.isBelow(platform.kinds.filter((kind) => kind.startsWith("jobs")).length, 30)
      deepStrictEqual(sink.calls.filter((call) => call === "finish"), [])
      assert.isAbove((yield* ledger.counts(platform.batches[0]!)).failed, 0)
    }))

  it.effect("for good has its batch aborted", () =>
    Effect.gen(function*() {
      const [one, other] = twoSinks()
      other.failNext("commit", "conflict")
      const { run } = yield* world(new FakePlatform([batchOf(4)]), [one, other])
      yield* run()
      strictEqual(other.staged.size, 0)
      assert(other.calls.includes("abort"))
    }))

  it.effect("to account for a record fails that record alone", () =>
    Effect.gen(function*() {
      const sink = new MemorySink()
      const forgetful = {
        ...sink.sink,
        open: Effect.map(sink.sink.open, (open) => ({
          ...open,
          commit: (token: string) =>
            Effect.map(open.commit(token), (receipts) => receipts.filter(({ jobId }) => jobId !== "b-2"))
        }))
      }
      const { events, running } = yield* world(new FakePlatform([batchOf(6)]), [])
      const report = yield* lapse(running({ sinks: [forgetful] } as never))
      deepStrictEqual(counts(report), { listed: 6, exported: 5, unchanged: 0, unfinished: 0, failed: 1 })
      deepStrictEqual(only(events, "Failed").map(({ jobId }) => jobId), ["b-2"])
    }))
})

describe("a sink that has failed", () => {
  for (
    const [title, reason, calls] of [
      ["is called once if no retry can help", "conflict", 1],
      ["is called four times if a retry may help", "unavailable", 4]
    ] as const
  ) {
    it.effect(`${title}, and never again in this run`, () =>
      Effect.gen(function*() {
        const [one, other] = twoSinks()
        other.failNext("stage", reason)
        const { run } = yield* world(new FakePlatform([batchOf(40)]), [one, other])
        yield* run()
        deepStrictEqual(other.calls.map((call) => call.split(" ")[0]), [...Array(calls).fill("stage"), "abort"])
        strictEqual(one.stored.size, 40)
      }))
  }
})

describe("a record that a sink rejects", () => {
  it.effect("fails alone: the rest of its batch and the other sinks have theirs", () =>
    Effect.gen(function*() {
      const [one, picky] = twoSinks()
      picky.rejects = ({ jobId }) => jobId === "b-3"
      const platform = new FakePlatform([batchOf(8)])
      const { run } = yield* world(platform, [one, picky])
      const report = yield* run()
      deepStrictEqual(counts(report), { listed: 8, exported: 7, unchanged: 0, unfinished: 0, failed: 1 })
      deepStrictEqual(idsIn(one), ids(8))
      deepStrictEqual(idsIn(picky), ids(8).filter((id) => id !== "b-3"))
      deepStrictEqual(report.failures.map(({ cause, retryable }) => [cause, retryable]), [[
        "memory sink: rejected",
        false
      ]])
      assert(report.sinks.every(({ error }) => error === null))
      const before = platform.kinds.length
      deepStrictEqual(counts(yield* run()), { listed: 8, exported: 0, unchanged: 7, unfinished: 0, failed: 1 })
      assert(platform.kinds.slice(before).every((kind) => kind.startsWith("page")))
    }))
})
