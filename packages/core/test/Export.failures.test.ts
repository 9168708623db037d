import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Layer } from "effect"
import * as Export from "../src/Export.ts"
import { Ledger } from "../src/Ledger.ts"
import { counts, idsIn, only, released, world } from "./support/exports.ts"
import { batchOf, documentUrl, error, FakePlatform, files, ok, storage } from "./support/fakePlatform.ts"
import { connect, type Reply } from "./support/fakeTransport.ts"
import { MemorySink } from "./support/memorySink.ts"
import { lapse } from "./support/time.ts"

/** Every kind of failure that concerns one job alone, as answers to what is asked for `b-3`. */
const faults: Record<string, (kind: string) => Reply | typeof connect | undefined> = {
  NotFound: (kind) => kind === "jobs b-3" ? error(400, "FS_0006") : undefined,
  BadRequest: (kind) => kind === "jobs b-3" ? error(400, "GE_0001") : undefined,
  ServerError: (kind) => kind === "jobs b-3" ? error(400, "FS_0000") : undefined,
  Throttled: (kind) => kind === "jobs b-3" ? { status: 429 } : undefined,
  ConnectionFailed: (kind) => kind === "jobs b-3" ? connect : undefined,
  MalformedResponse: (kind) => kind === "jobs b-3" ? ok({ status: 5 }) : undefined,
  AttachmentMissing: (kind) => kind === `file ${documentUrl("b-3")}` ? { status: 404 } : undefined,
  SignedUrlRejected: (kind) => kind === `file ${documentUrl("b-3")}` ? { status: 403 } : undefined,
  BadRedirect: (kind) => kind === `file ${documentUrl("b-3")}` ? { status: 302 } : undefined,
  Forbidden: (kind) => kind === `attachment ${documentUrl("b-3")}` ? { status: 403 } : undefined,
  InvalidKey: (kind) => kind === "jobs b-3" ? error(401, "auth-failure") : undefined
}

describe("one bad job", () => {
  for (const [reason, fault] of Object.entries(faults)) {
    it.effect(`stops nothing, and is reported with its error: ${reason}`, () =>
      Effect.gen(function*() {
        const sink = new MemorySink()
        const { events, run } = yield* world(new FakePlatform([batchOf(6)], (_, kind) => fault(kind)), [sink])
        const report = yield* run()
        deepStrictEqual(counts(report), { listed: 6, exported: 5, unchanged: 0, unfinished: 0, failed: 1 })
        assert(!report.complete)
        deepStrictEqual(report.failures.map(({ cause, count, example }) => [cause, count, example.jobId]), [
          [reason, 1, "b-3"]
        ])
        const failed = only(events, "Failed")
        deepStrictEqual(failed.map(({ error, jobId }) => [jobId, error.reason]), [["b-3", reason]])
        strictEqual(sink.stored.size, 5)
      }))
  }

  it.effect("of the listing spoils only itself, with an id or without", () =>
    Effect.gen(function*() {
      const batch = batchOf(6)
      batch.jobs[1] = { id: "b-1", listed: { id: "b-1", status: null } }
      batch.jobs[4] = { id: "b-4", listed: { status: "completed" } }
      const sink = new MemorySink()
      const { events, ledger, run } = yield* world(new FakePlatform([batch]), [sink])
      const report = yield* run()
      deepStrictEqual(counts(report), { listed: 6, exported: 4, unchanged: 0, unfinished: 0, failed: 2 })
      deepStrictEqual(only(events, "Failed").map(({ jobId }) => jobId), [
        "b-1",
        "page 3, job 1"
      ])
      deepStrictEqual(yield* ledger.counts(batch), { pending: 0, unfinished: 0, stored: 4, failed: 1 })
      batch.jobs[1] = { id: "b-1" }
      deepStrictEqual(counts(yield* run()), { listed: 6, exported: 1, unchanged: 4, unfinished: 0, failed: 1 })
    }))

  it.effect("is not stored in part when one of its files is missing", () =>
    Effect.gen(function*() {
      const batch = batchOf(2)
      batch.jobs[1] = { id: "b-1", document: { url: `${files}/mask.png`, legend: { "#03f561": "car" } } }
      const sink = new MemorySink()
      const { run } = yield* world(new FakePlatform([batch]), [sink])
      const report = yield* run()
      deepStrictEqual(idsIn(sink), ["b-0"])
      deepStrictEqual(report.failures.map(({ cause }) => cause), ["AttachmentMissing"])
    }))

  it.effect("that cannot pass is not fetched again by an ordinary run, and counted as failed still", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(4)], (_, kind) => faults["NotFound"]?.(kind))
      const { run } = yield* world(platform, [new MemorySink()])
      yield* run()
      const before = platform.kinds.length
      const report = yield* run()
      deepStrictEqual(counts(report), { listed: 4, exported: 0, unchanged: 3, unfinished: 0, failed: 1 })
      assert(!report.complete)
      assert(platform.kinds.slice(before).every((kind) => kind.startsWith("page")))
    }))

  it.effect("that may pass is fetched again by an ordinary run", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(4)], (_, kind) => faults["ServerError"]?.(kind))
      const { run } = yield* world(platform, [new MemorySink()])
      yield* run()
      platform.override = () => undefined
      deepStrictEqual(counts(yield* run()), { listed: 4, exported: 1, unchanged: 3, unfinished: 0, failed: 0 })
    }))
})

describe("an error that no further job can avoid", () => {
  /** Jobs of the page before are being asked for when the key is turned down. */
  const jobsAsked = (platform: FakePlatform) => platform.kinds.filter((kind) => kind.startsWith("jobs")).length

  it.effect("of a key that is refused repeatedly keeps what has arrived", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(400)], (_, kind) =>
        kind.startsWith("jobs") && Number(kind.slice(7)) >= 9 ? error(401, "auth-failure") : undefined, 400)
      const sink = new MemorySink()
      const { ledger, running } = yield* world(platform, [sink])
      const failure = yield* lapse(Effect.flip(running({ concurrency: 2 })))
      assert(failure._tag === "GtStudioError" && failure.reason._tag === "InvalidKey")
      released(platform, [sink])
      strictEqual(sink.stored.size, 9)
      assert.isAtMost(jobsAsked(platform), 9 + 100 + 2)
      strictEqual((yield* ledger.counts(platform.batches[0]!)).stored, 9)
      deepStrictEqual(sink.finished, ["stopped"])
      // With another key, an ordinary run exports what is missing.
      platform.override = () =>
        undefined
      strictEqual((yield* lapse(running())).batches[0]?.exported, 391)
    }))

  it.effect("is a key that is refused from the beginning: no sixth job is asked for", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(40)], (_, kind) =>
        kind.startsWith("jobs") ? error(400, "FS_0006") : undefined)
      const first = yield* world(platform, [new MemorySink()])
      yield* first.run()
      platform.override = () =>
        error(403, "unauthorized")
      const before = jobsAsked(platform)
      // Its own client, as a second process has: it has not seen that the key was accepted.
      const context = yield* Layer.build(platform.layer())
      const retry = Export.run({
        batches: platform.batches,
        sinks: [new MemorySink().sink],
        selection: { _tag: "Retry" },
        concurrency: 1
      }).pipe(Effect.provideService(Ledger, first.ledger), Effect.provide(context))
      const failure = yield* lapse(Effect.flip(retry))
      assert(failure._tag === "GtStudioError" && failure.isFatal)
      strictEqual(jobsAsked(platform) - before, 5)
    }))

  it.effect("ends it when the listing is refused, before any job", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(4)], () => error(400, "auth-failure"))
      const sink = new MemorySink()
      const { running } = yield* world(platform, [sink])
      strictEqual((yield* lapse(Effect.flip(running())))._tag, "GtStudioError")
      strictEqual(platform.transport.asked.length, 1)
      deepStrictEqual(sink.finished, ["stopped"])
    }))

  it.effect("is a spool without room, which is no job's fault", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(10)], (_, kind) => {
        if (kind === "jobs b-5") platform.spool.isFull = true
        return undefined
      })
      const sink = new MemorySink()
      const { events, ledger, running } = yield* world(platform, [sink])
      strictEqual((yield* lapse(Effect.flip(running({ concurrency: 1 }))))._tag, "ContentError")
      released(platform, [sink])
      assert(!events.some(({ _tag }) => _tag === "Failed"))
      strictEqual((yield* ledger.counts(platform.batches[0]!)).failed, 0)
      platform.spool.isFull = false
      platform.override = () => undefined
      yield* lapse(running())
      strictEqual(sink.stored.size, 10)
      strictEqual(sink.history.length, 10)
    }))
})

describe("access refused", () => {
  for (const [status, code] of [[403, "unauthorized"], [401, "auth-failure"]] as const) {
    it.effect(`to the listing of the first batch with ${status} does not stop the second`, () =>
      Effect.gen(function*() {
        const platform = new FakePlatform(
          [batchOf(3, "a"), batchOf(3)],
          (_, kind) => kind.startsWith("page a") ? error(status, code) : undefined
        )
        const { run } = yield* world(platform, [new MemorySink()])
        const report = yield* run()
        deepStrictEqual(report.batches.map(({ exported }) => exported), [0, 3])
        assert(report.batches[0]?.listingError != null && !report.complete)
      }))

    it.effect(`to every batch with ${status} ends the export with that error`, () =>
      Effect.gen(function*() {
        const platform = new FakePlatform([batchOf(3, "a"), batchOf(3)], () => error(status, code))
        const { running } = yield* world(platform, [new MemorySink()])
        const failure = yield* lapse(Effect.flip(running()))
        assert(failure._tag === "GtStudioError" && failure.status === status)
        strictEqual(platform.kinds.length, 2)
      }))
  }

  it.effect("to many jobs fails each of them, and the others are stored", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(300)], (_, kind) =>
        kind.startsWith("jobs") && Number(kind.slice(7)) >= 20 ? error(403, "unauthorized") : undefined, 100)
      const { run } = yield* world(platform, [new MemorySink()])
      deepStrictEqual(counts(yield* run()), { listed: 300, exported: 20, unchanged: 0, unfinished: 0, failed: 280 })
    }))
})

describe("a listing that fails", () => {
  it.effect("does not stop the other batch, and the report says which and why", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(6), batchOf(3, "c")], (_, kind) =>
        kind.startsWith("page b") && !kind.endsWith("first") ? error(400, "invalid_request_error") : undefined)
      const sink = new MemorySink()
      const { run } = yield* world(platform, [sink])
      const report = yield* run()
      deepStrictEqual(counts(report, 0), { listed: 2, exported: 2, unchanged: 0, unfinished: 0, failed: 0 })
      deepStrictEqual(counts(report, 1), { listed: 3, exported: 3, unchanged: 0, unfinished: 0, failed: 0 })
      deepStrictEqual(
        report.batches.map(({ isListed }) =>
          isListed
        ),
        [false, true]
      )
      assert.include(report.batches[0]?.listingError ?? "", "page token")
      strictEqual(report.batches[1]?.listingError, null)
      assert(!report.complete)
      deepStrictEqual(sink.finished, ["partial"])
    }))

  it.effect("that repeats a page emits all its jobs first", () =>
    Effect.gen(function*() {
      const page = (n: number) => ok({ jobs: [{ id: `b-${n}`, status: "completed" }], next_page_token: `${n % 2 + 1}` })
      const platform = new FakePlatform([batchOf(3)], ({ url }, kind) =>
        kind.startsWith("page") ? page(Number(url.searchParams.get("page_token") ?? "0")) : undefined)
      const { run } = yield* world(platform, [new MemorySink()])
      const report = yield* run()
      strictEqual(counts(report).exported, 3)
      assert.include(report.batches[0]?.listingError ?? "", "points back")
    }))

  it.effect("does not report delisted jobs", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(6)])
      const { run } = yield* world(platform, [new MemorySink()])
      yield* run()
      platform.override = (_, kind) => kind.startsWith("page") && !kind.endsWith("first") ? { status: 400 } : undefined
      strictEqual((yield* run()).batches[0]?.delisted, 0)
    }))

  it.effect("is retried page by page, so that a job is not asked for twice", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(6)], ({ nth, url }, kind) =>
        (kind.startsWith("page") || url.origin === storage) && nth < 3 ? connect : undefined)
      const { run } = yield* world(platform, [new MemorySink()])
      assert((yield* run()).complete)
      strictEqual(
        platform.kinds.filter((kind) =>
          kind.startsWith("jobs")
        ).length,
        6
      )
    }))
})
