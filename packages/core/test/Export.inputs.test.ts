import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import type { JobRecord } from "../src/JobSink.ts"
import { counts, only, type RunOptions, world } from "./support/exports.ts"
import { type FakeJob, FakePlatform, files } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"

const customer = "https://customer.test"
const image = (id: string) => `${customer}/${id}.jpg`
const mask = (id: string) => `${files}/${id}.png`

/** A job of two frames, with an input and a mask each. */
const job = (id: string, change = 0): FakeJob => ({
  id,
  document: {
    data: {
      annotation_data: {
        annotations: [1, 2].map((at) => ({ _id: `${change}`, attributes: [], frame_id: `f${at}`, label: "car # 1" })),
        masks: [1, 2].map((at) => ({ frame_id: `f${at}`, url: mask(`${id}-${at}`) })),
        legend: { "#03f561": "car # 1" }
      },
      sensor_data: {
        frames: [1, 2].map((at) => ({
          frame_id: `f${at}`,
          sensors: [{ sensor_id: "camera", data_url: image(`${id}-${at}`) }]
        }))
      }
    }
  }
})

const platformOf = (ids: ReadonlyArray<string>, override?: FakePlatform["override"]) => {
  const platform = new FakePlatform([{ projectId: "p", batchId: "b", jobs: ids.map((id) => job(id)) }], override)
  for (const id of ids) {
    for (const at of [1, 2]) {
      platform.blobs.set(image(`${id}-${at}`), `image ${id} ${at}`)
      platform.blobs.set(mask(`${id}-${at}`), `mask ${id} ${at}`)
    }
  }
  return platform
}

/** What a sink was given last of each job: the roles of its files in their order, with the place of each. */
const noting = (options: ConstructorParameters<typeof MemorySink>[0] = {}) => {
  const given = new Map<string, string>()
  const note = ({ attachments, jobId }: JobRecord) =>
    given.set(jobId, attachments.map(({ ref: { index, role } }) => `${index} ${role}`).join(", "))
  const sink = new MemorySink({
    ...options,
    before: (step, _, records) => Effect.sync(() => step === "stage" && records.forEach(note))
  })
  return { sink, given }
}

const masks = "0 mask, 1 mask"
const everything = "0 mask, 1 mask, 2 input, 3 input"

const changed = (report: { readonly batches: ReadonlyArray<{ readonly changed: number }> }) =>
  report.batches[0]!.changed
const jobsAsked = ({ kinds }: FakePlatform, from = 0) =>
  kinds.slice(from).filter((kind) => kind.startsWith("jobs")).length

const all: RunOptions = { attachments: "all" }

describe("an export with inputs", () => {
  for (const before of ["none", "results"] as const) {
    it.effect(`after one with ${before} fetches missing files once, and counts no job as changed`, () =>
      Effect.gen(function*() {
        const platform = platformOf(["1", "2", "3"])
        const { given, sink } = noting()
        const { run } = yield* world(platform, [sink])
        yield* run({ attachments: before })
        strictEqual(given.get("1"), before === "none" ? "" : masks)
        const first = yield* run(all)
        deepStrictEqual(counts(first), { listed: 3, exported: 3, unchanged: 0, unfinished: 0, failed: 0 })
        strictEqual(changed(first), 0)
        deepStrictEqual([...given.values()], [everything, everything, everything])
        const asked = platform.kinds.length
        deepStrictEqual(counts(yield* run(all)).unchanged, 3)
        for (const attachments of ["none", "results"] as const) {
          strictEqual(counts(yield* run({ attachments })).unchanged, 3)
        }
        strictEqual(jobsAsked(platform, asked), 0)
      }))
  }

  it.effect("fetches them for the sinks that lack them, and not again for jobs without any", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([{ projectId: "p", batchId: "b", jobs: [{ id: "1" }, { id: "2" }] }])
      const { run } = yield* world(platform, [new MemorySink({ id: "memory:a" }), new MemorySink({ id: "memory:b" })])
      yield* run()
      const asked = platform.kinds.length
      strictEqual(counts(yield* run(all)).unchanged, 2)
      strictEqual(jobsAsked(platform, asked), 2)
      strictEqual(counts(yield* run(all)).unchanged, 2)
      strictEqual(jobsAsked(platform, asked), 2)
    }))

  it.effect("counts a job as changed that was reworked meanwhile", () =>
    Effect.gen(function*() {
      const platform = platformOf(["1", "2", "3"])
      const { sink } = noting()
      const { run } = yield* world(platform, [sink])
      yield* run()
      platform.batches[0]!.jobs[0] = job("1", 1)
      platform.blobs.set(mask("2-1"), "another mask")
      const report = yield* run(all)
      deepStrictEqual([counts(report).exported, changed(report)], [3, 2])
    }))

  it.effect("keeps them when a refresh without inputs finds nothing new", () =>
    Effect.gen(function*() {
      const platform = platformOf(["1"])
      const { given, sink } = noting()
      const { run } = yield* world(platform, [sink])
      yield* run(all)
      for (const attachments of ["none", "results", "all"] as const) {
        const report = yield* run({ attachments, selection: { _tag: "Refresh" } })
        deepStrictEqual([counts(report).unchanged, given.get("1")], [1, everything], attachments)
      }
      const asked = platform.kinds.length
      strictEqual(counts(yield* run(all)).unchanged, 1)
      strictEqual(jobsAsked(platform, asked), 0)
    }))

  it.effect("fetches them again after a rework was stored without them", () =>
    Effect.gen(function*() {
      const platform = platformOf(["1"])
      const { given, sink } = noting()
      const { run } = yield* world(platform, [sink])
      yield* run(all)
      platform.batches[0]!.jobs[0] = job("1", 1)
      strictEqual(changed(yield* run({ selection: { _tag: "Refresh" } })), 1)
      strictEqual(given.get("1"), masks)
      strictEqual(changed(yield* run(all)), 0)
      strictEqual(given.get("1"), everything)
    }))

  it.effect("leaves a sink that appends unchanged, and fetches once", () =>
    Effect.gen(function*() {
      const platform = platformOf(["1"])
      const { given, sink } = noting({ capabilities: { keying: "append" } })
      const { run } = yield* world(platform, [sink])
      yield* run()
      for (const _ of [1, 2]) strictEqual(counts(yield* run(all)).unchanged, 1)
      deepStrictEqual([given.get("1"), jobsAsked(platform)], [masks, 2])
    }))

  it.effect("fetches once what a sink holds without a ledger, and counts no job as changed", () =>
    Effect.gen(function*() {
      const platform = platformOf(["1", "2"])
      const { given, sink } = noting()
      yield* (yield* world(platform, [sink])).run()
      const { run } = yield* world(platform, [sink])
      const report = yield* run(all)
      deepStrictEqual([counts(report).exported, changed(report), given.get("1")], [2, 0, everything])
      const asked = platform.kinds.length
      strictEqual(counts(yield* run(all)).unchanged, 2)
      strictEqual(jobsAsked(platform, asked), 0)
    }))

  it.effect("backfills a sink that is added later from one that has them, and fetches nothing", () =>
    Effect.gen(function*() {
      const platform = platformOf(["1", "2"], (_, kind) => kind.includes("/2-1.jpg") ? { status: 404 } : undefined)
      const holding = new MemorySink({ id: "memory:holding", replays: true })
      const { given, sink } = noting({ id: "memory:added" })
      const sinks = [holding]
      const { run } = yield* world(platform, sinks)
      yield* run(all)
      const asked = platform.kinds.length
      sinks.push(sink)
      strictEqual(counts(yield* run(all)).unchanged, 2)
      deepStrictEqual([given.get("1"), given.get("2")], [everything, "0 mask, 1 mask, 3 input"])
      strictEqual(counts(yield* run(all)).unchanged, 2)
      strictEqual(jobsAsked(platform, asked), 0)
    }))
})

describe("an input that cannot be fetched", () => {
  const failing: FakePlatform["override"] = ({ url }, kind) =>
    kind.endsWith("1-1.jpg") ?
      url.host === "storage.test" ? { status: 404 } : undefined
      : kind.endsWith("2-1.jpg") ?
      url.host === "storage.test" ? { status: 403 } : undefined
      : kind.endsWith("3-1.jpg") ?
      { body: { error: { code: "FS_0000", message: "no" }, success: false }, status: 400 }
      : undefined

  it.effect("is counted by reason and fails no job; a refresh stores it once it can be", () =>
    Effect.gen(function*() {
      const platform = platformOf(["1", "2", "3", "4"], failing)
      const { given, sink } = noting()
      const { events, run } = yield* world(platform, [sink])
      const report = yield* run(all)
      assert(report.complete)
      deepStrictEqual(counts(report), { listed: 4, exported: 4, unchanged: 0, unfinished: 0, failed: 0 })
      deepStrictEqual([...report.unreachable].sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)), [
        { reason: "HTTP 400", count: 1 },
        { reason: "HTTP 403", count: 1 },
        { reason: "HTTP 404", count: 1 }
      ])
      strictEqual(only(events, "Unreachable").length, 3)
      deepStrictEqual([given.get("1"), given.get("4")], ["0 mask, 1 mask, 3 input", everything])
      const asked = platform.kinds.length
      strictEqual(counts(yield* run(all)).unchanged, 4)
      strictEqual(jobsAsked(platform, asked), 0)
      const again = yield* run({ ...all, selection: { _tag: "Refresh" } })
      deepStrictEqual([counts(again).unchanged, again.unreachable.length], [4, 3])
      platform.override = () => undefined
      const last = yield* run({ ...all, selection: { _tag: "Refresh" } })
      deepStrictEqual([counts(last).exported, changed(last), last.unreachable.length], [3, 0, 0])
      deepStrictEqual([...given.values()], [everything, everything, everything, everything])
    }))

  it.effect("leaves its stored files unchanged", () =>
    Effect.gen(function*() {
      const platform = platformOf(["1"])
      const { given, sink } = noting()
      const { run } = yield* world(platform, [sink])
      yield* run(all)
      platform.override = failing
      const report = yield* run({ ...all, selection: { _tag: "Refresh" } })
      deepStrictEqual([counts(report).unchanged, report.unreachable], [1, [{ reason: "HTTP 404", count: 1 }]])
      strictEqual(given.get("1"), everything)
    }))

  it.effect("is no file of the result: a mask that is missing fails its job", () =>
    Effect.gen(function*() {
      const platform = platformOf(["1"])
      platform.blobs.delete(mask("1-1"))
      const report = yield* (yield* world(platform, [new MemorySink()])).run(all)
      deepStrictEqual([counts(report).failed, report.unreachable], [1, []])
    }))
})
