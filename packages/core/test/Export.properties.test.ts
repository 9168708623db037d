import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import { scale } from "../../../scripts/testScale.ts"
import type { ExportReport } from "../src/ExportReport.ts"
import { idsIn, world } from "./support/exports.ts"
import { documentUrl, error, type FakeJob, FakePlatform, ok } from "./support/fakePlatform.ts"
import { connect, type Reply } from "./support/fakeTransport.ts"
import { MemorySink } from "./support/memorySink.ts"
import { random } from "./support/random.ts"

type Ending = "stored" | "unfinished" | "failed"

interface Plan {
  readonly job: FakeJob
  readonly ending: Ending
  readonly fault?: (kind: string, nth: number) => Reply | typeof connect | undefined
}

/** A job with a fate, and what must become of it. */
const plan = (id: string, next: () => number): Plan => {
  const at = (kind: string, reply: Reply | typeof connect, until = Infinity) => (asked: string, nth: number) =>
    asked === kind && nth < until ? reply : undefined
  const job: FakeJob = { id }
  const file = `file ${documentUrl(id)}`
  const fates: ReadonlyArray<() => Plan> = [
    () => ({ job, ending: "stored" }),
    () => ({ job, ending: "stored", fault: at(`jobs ${id}`, connect, 3) }),
    () => ({ job, ending: "stored", fault: at(`jobs ${id}`, error(400, "FS_0000"), 2) }),
    () => ({ job, ending: "stored", fault: at(file, { status: 403 }, 2) }),
    () => ({ job, ending: "stored", fault: at(file, { breaks: "Truncated", body: "x" }, 3) }),
    () => ({ job, ending: "stored", fault: at(`jobs ${id}`, { status: 429, headers: { "retry-after": "3" } }, 2) }),
    () => ({ job: { ...job, status: "in_progress" }, ending: "unfinished" }),
    () => ({ job, ending: "unfinished", fault: at(`jobs ${id}`, ok({ status: "completed" })) }),
    () => ({ job, ending: "failed", fault: at(`jobs ${id}`, error(400, "FS_0006")) }),
    () => ({ job, ending: "failed", fault: at(`jobs ${id}`, { status: 500 }) }),
    () => ({ job, ending: "failed", fault: at(file, { status: 404 }) }),
    () => ({ job, ending: "failed", fault: at(`jobs ${id}`, { body: "<html>" }) }),
    () => ({ job: { ...job, listed: { id, status: null } }, ending: "failed" })
  ]
  return fates[Math.floor(next() < 0.4 ? 0 : next() * fates.length)]!()
}

const endings = (report: ExportReport) =>
  report.batches.reduce((sum, { exported, failed, unchanged, unfinished }) => ({
    stored: sum.stored + exported + unchanged,
    unfinished: sum.unfinished + unfinished,
    failed: sum.failed + failed
  }), { stored: 0, unfinished: 0, failed: 0 })

const seeds = Array.from({ length: scale(8, 40) }, (_, seed) => seed)

describe("whatever becomes of the jobs", () => {
  it.effect.each(seeds)(
    "each is counted in the one place where it belongs (seed %d)",
    (seed) =>
      Effect.gen(function*() {
        const next = random(seed)
        const plans = new Map<string, Plan>()
        const batches = ["b", "c"].map((batchId) => {
          const count = Math.floor(next() * 25)
          const jobs = Array.from({ length: count }, (_, at) => {
            const one = plan(`${batchId}-${at}`, next)
            plans.set(one.job.id, one)
            return one.job
          })
          return { projectId: "p", batchId, jobs }
        })
        const platform = new FakePlatform(batches, ({ nth }, kind) => {
          for (const { fault } of plans.values()) {
            const reply = fault?.(kind, nth)
            if (reply !== undefined) return reply
          }
          return undefined
        }, 1 + Math.floor(next() * 7))
        const poisoned = new Set(Array.from(plans.keys()).filter(() => next() < 0.05))
        const sinks = Array.from({ length: 1 + Math.floor(next() * 3) }, (_, at) => {
          const millis = next() < 0.5 ? 0 : Math.floor(next() * 2000)
          let flaky = Math.floor(next() * 3)
          return new MemorySink({
            id: `memory:${at}`,
            capabilities: {
              concurrentBatches: 1 + Math.floor(next() * 3),
              batch: {
                maxRecords: 1 + Math.floor(next() * 6),
                maxBytes: next() < 0.3 ? 30 : 1e6,
                maxAge: next() < 0.5 ? 0 : 1000
              }
            },
            before: (step) =>
              (step === "stage" || step === "commit") && flaky-- > 0
                ? Effect.fail(new MemorySink().error(step, "unavailable"))
                : millis === 0
                ? Effect.void
                : Effect.sleep(millis),
            rejects: at === 0 ? ({ jobId }) => poisoned.has(jobId) : () => false
          })
        })
        const { run } = yield* world(platform, sinks)
        const concurrency = 1 + Math.floor(next() * 12)
        const report = yield* run({ concurrency })

        const expected = { stored: 0, unfinished: 0, failed: 0 }
        const stored: Array<string> = []
        for (const { ending, job } of plans.values()) {
          expected[ending === "stored" && poisoned.has(job.id) ? "failed" : ending]++
          if (ending === "stored") stored.push(job.id)
        }
        deepStrictEqual(endings(report), expected)
        strictEqual(report.complete, expected.failed === 0)
        sinks.forEach((sink, at) => {
          deepStrictEqual(idsIn(sink), stored.filter((id) => at > 0 || !poisoned.has(id)).sort())
          strictEqual(sink.history.length, sink.stored.size)
          assert.isAtMost(sink.largestBatch, sink.sink.capabilities.batch.maxRecords)
          assert.isAtMost(sink.mostBatches, sink.sink.capabilities.concurrentBatches)
        })

        for (const id of plans.keys()) plans.set(id, { job: { id }, ending: "stored" })
        for (const batch of batches) batch.jobs = batch.jobs.map(({ id }) => ({ id }))
        for (const sink of sinks) sink.rejects = () => false
        yield* run({ concurrency })
        const retried = yield* run({ concurrency, selection: { _tag: "Retry" } })
        assert(retried.complete)
        for (const sink of sinks) {
          deepStrictEqual(idsIn(sink), Array.from(plans.keys()).sort())
          strictEqual(sink.history.length, sink.stored.size)
        }
        const before = platform.kinds.length
        const last = yield* run({ concurrency })
        deepStrictEqual(endings(last), { stored: plans.size, unfinished: 0, failed: 0 })
        assert(platform.kinds.slice(before).every((kind) => kind.startsWith("page")))
      })
  )
})

describe("whatever becomes of the sinks", () => {
  it.effect.each(seeds)(
    "nothing is lost or stored twice in one sink (seed %d)",
    (seed) =>
      Effect.gen(function*() {
        const next = random(1000 + seed)
        const jobs = Array.from({ length: 5 + Math.floor(next() * 40) }, (_, at) => ({ id: `b-${at}` }))
        const platform = new FakePlatform([{ projectId: "p", batchId: "b", jobs }], undefined, 5)
        const steady = new MemorySink({ id: "memory:steady" })
        const dying = [1, 2].map((at) => {
          let left = Math.floor(next() * 12)
          const how = Math.floor(next() * 4)
          const sink = new MemorySink({
            id: `memory:${at}`,
            capabilities: { concurrentBatches: 1 + Math.floor(next() * 2) }
          })
          sink.before = (step) =>
            step === "finish" || left-- > 0
              ? Effect.void
              : how === 0
              ? Effect.die(new Error("fault"))
              : Effect.fail(sink.error(step, how === 1 ? "unavailable" : how === 2 ? "corrupt" : "misconfigured"))
          return sink
        })
        // The sinks open when nothing is wrong yet.
        const opening = dying.map((sink) => {
          const { before } = sink
          sink.before = (step, token, records) => step === "open" ? Effect.void : before(step, token, records)
          return sink
        })
        const { run } = yield* world(platform, [steady, ...opening])
        const report = yield* run({ concurrency: 1 + Math.floor(next() * 8) })
        strictEqual(steady.stored.size, jobs.length)
        strictEqual(
          report.batches[0]?.exported,
          Array.from(steady.stored.keys()).filter((key) => dying.every(({ stored }) => stored.has(key))).length
        )
        for (const sink of dying) {
          assert.isAtMost(sink.stored.size, jobs.length)
          sink.before = () => Effect.void
        }
        assert((yield* run()).complete)
        for (const sink of [steady, ...dying]) {
          strictEqual(sink.stored.size, jobs.length)
          strictEqual(sink.history.length, jobs.length)
        }
      })
  )
})
