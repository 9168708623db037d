import { assert, describe, it, layer } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { Simulator, Traffic } from "../src/index.ts"
import { data, download, firstBatch, get, job, jobTarget, page } from "./support/client.ts"

layer(Simulator.layer({ batches: [{ jobs: 4 }] }))("Simulator.layer", (it) => {
  it.effect("provides a running simulator", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.Simulator
      strictEqual(data(yield* page(simulator, firstBatch(simulator))).jobs.length, 4)
    }))
})

describe("Simulator", () => {
  it("runs for programs without Effect, and closes at once with requests open", async () => {
    const simulator = await Simulator.startPromise({ latency: "1 minute", batches: [{ jobs: 1 }] })
    const fiber = Effect.runFork(job(simulator, simulator.job(firstBatch(simulator), 0).id))
    while (simulator.report().total === 0) await new Promise((resolve) => setImmediate(resolve))
    await simulator.close()
    const answer = await Effect.runPromise(Fiber.join(fiber))
    strictEqual(answer.end, "ECONNRESET")
  })

  it("throws for what it does not hold, and for options out of range", async () => {
    const simulator = await Simulator.startPromise({ batches: [{ jobs: 1 }] })
    assert.throws(() => simulator.rework("none"), /no job "none"/)
    assert.throws(() => simulator.expectedDocument("none", 0), RangeError)
    assert.throws(() => simulator.expectedDocument(firstBatch(simulator), 1), RangeError)
    await simulator.close()
    const wrong: ReadonlyArray<Simulator.Options> = [
      { pageSize: 0 },
      { batches: [{ jobs: -1 }] },
      { batches: [{ jobs: 1, unfinished: 2 }] },
      { batches: [{ jobs: 1, kinds: [] }] },
      { batches: [{ id: "same", jobs: 1 }, { id: "same", jobs: 1 }] },
      { apiKey: "" },
      { port: 65_536 },
      { latency: -1 },
      { rateLimit: { perSecond: 0 } },
      { faults: [{ on: "jobs", meets: { _tag: "Reworked" } }] }
    ]
    for (const options of wrong) {
      const error = await Simulator.startPromise(options).then(() => undefined, (e: unknown) => e)
      assert.instanceOf(error, Simulator.SimulatorError)
    }
  })

  it.live("does not turn other errors into a SimulatorError", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(Simulator.start({ urlLifetime: "soon" as never }))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    }))

  it.live("fails when a port is taken, and leaves none open", () =>
    Effect.gen(function*() {
      const taken = yield* Effect.acquireRelease(
        Effect.callback<ReturnType<typeof createServer>>((resume) => {
          const server = createServer().listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
      )
      const { port } = taken.address() as AddressInfo
      const error = yield* Effect.flip(Simulator.start({ storagePort: port }))
      strictEqual(error.reason._tag, "PortUnavailable")
      assert.include(error.message, `port ${port} of 127.0.0.1 is taken`)
    }))

  it.live("counts requests by endpoint, status, and job, and reports each", () =>
    Effect.gen(function*() {
      const entries: Array<Traffic.Entry> = []
      const simulator = yield* Simulator.start({
        countJobs: true,
        onRequest: (entry) => entries.push(entry),
        batches: [{ jobs: 2, ids: "hostile" }]
      })
      const batch = firstBatch(simulator)
      const { id } = simulator.job(batch, 0)
      yield* page(simulator, batch)
      yield* job(simulator, id)
      yield* download(simulator, simulator.resultUrl(batch, id))
      yield* get(simulator.apiUrl, "/nowhere")
      const report = yield* simulator.report
      deepStrictEqual(report.requests, { details: 0, stats: 0, jobs: 1, job: 1, attachment: 1, storage: 1, other: 1 })
      deepStrictEqual(report.statuses, { 200: 3, 302: 1, 404: 1 })
      deepStrictEqual(report.jobs, { [id]: { job: 1, attachment: 1, storage: 1 } })
      deepStrictEqual(entries.map((one) => one.endpoint), ["jobs", "job", "attachment", "storage", "other"])
      strictEqual(entries[3]?.job, id)
      assert.include(Traffic.format(report), "all 5, jobs 1")
      yield* simulator.reset
      strictEqual((yield* simulator.report).total, 0)
    }))

  it.live("knows the most requests that were in flight at one time", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ latency: 50, batches: [{ jobs: 20 }] })
      const batch = firstBatch(simulator)
      yield* Effect.forEach([...simulator.jobs(batch)], ({ id }) => job(simulator, id), { concurrency: 7 })
      deepStrictEqual((yield* simulator.report).mostInFlight, { all: 7, api: 7, storage: 0 })
    }))

  it.live("responds 429 past its rate, and accepts again in time", () =>
    Effect.gen(function*() {
      let now = 0
      const simulator = yield* Simulator.start({ now: () => now, rateLimit: { perSecond: 3, retryAfter: 1 } })
      const ask = page(simulator, firstBatch(simulator))
      const seen = yield* Effect.forEach([1, 2, 3, 4], () =>
        Effect.map(ask, ({ headers, status }) => [status, headers["retry-after"]]))
      deepStrictEqual(seen, [[200, undefined], [200, undefined], [200, undefined], [429, "1"]])
      now += 1000
      strictEqual((yield* ask).status, 200)
    }))

  it.live("refuses a job's path after a URL parser, and accepts it unchanged", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 20, ids: "hostile" }] })
      const target = jobTarget(simulator, "..")
      const parsed = new URL(`${simulator.apiUrl}${target.replace("..", "%2E%2E")}`).pathname
      strictEqual((yield* get(simulator.apiUrl, parsed, { "x-api-key": simulator.apiKey })).status, 404)
      strictEqual(data(yield* get(simulator.apiUrl, target, { "x-api-key": simulator.apiKey })).job_id, "..")
    }))
})
