import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Export, GtStudio, JobStream, LedgerMemory } from "@labelstream/core"
import { MemorySink } from "@labelstream/core/sink"
import { Duration, Effect, Fiber, Layer, Result, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Fault, SimulatedGtStudio, Simulator } from "../src/index.ts"

/** The batches of the simulated project, as an export takes them. */
const batches = Effect.flatMap(Simulator.Simulator, ({ projectId }) => GtStudio.batches(projectId))

/** Runs while the test's clock continues, however long the waits are. */
const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect)
    yield* Effect.forkChild(Effect.forever(Effect.andThen(Effect.yieldNow, TestClock.adjust("1 second"))))
    return yield* Fiber.join(fiber)
  })

describe("SimulatedGtStudio", () => {
  it.effect("lets an export run without sockets and files", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.Simulator
      const sink = MemorySink.make()
      const report = yield* inTime(Export.run({
        batches: yield* batches,
        sinks: [sink],
        attachments: "all"
      }))
      assert.isTrue(report.complete)
      deepStrictEqual(report.batches.map(({ exported, unfinished }) => [exported, unfinished]), [[12, 3]])
      const { keysAtStorage, requests } = yield* simulator.report
      deepStrictEqual([keysAtStorage, requests.job], [0, 12])
    }).pipe(Effect.provide([
      SimulatedGtStudio.layer({
        batches: [{ jobs: 15, unfinished: 0.2, kinds: ["image_segmentation", "video_annotation"] }]
      }),
      LedgerMemory.layer
    ])))

  it.effect("returns the bytes that the simulator expects, small and large", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.Simulator
      const [batch] = yield* batches
      const documents = yield* Stream.runCollect(
        JobStream.jobs(
          batch!,
          ({ document, jobId }) => Effect.map(document.collect, (bytes) => [jobId, bytes] as const)
        )
      )
      strictEqual(documents.length, 2)
      for (const result of documents) {
        assert(Result.isSuccess(result))
        const [jobId, bytes] = result.success
        assert.isAbove(bytes.length, 2_000_000)
        assert.isTrue(Buffer.from(bytes).equals(simulator.expectedDocument(batch!.batchId, jobId)))
      }
    }).pipe(Effect.provide(SimulatedGtStudio.layer({ batches: [{ jobs: 2 }], documentBytes: 2_000_000 }))))

  it.effect("meets every transient fault, and retries succeed on the test's clock", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.Simulator
      const [batch] = yield* batches.pipe(inTime)
      const results = yield* inTime(Stream.runCollect(JobStream.jobs(batch!, ({ jobId }) => Effect.succeed(jobId))))
      deepStrictEqual(results.filter(Result.isFailure), [])
      strictEqual(results.length, 150)
      const { faults } = yield* simulator.report
      for (const fault of ["Reset", "Truncated", "Stalled", "Status", "RateLimited"]) assert.property(faults, fault)
    }).pipe(Effect.provide(SimulatedGtStudio.layer({ batches: [{ jobs: 150 }], faults: Fault.transient(0.08) }))))

  it.effect("fails if an option is out of range, and takes options of the client", () =>
    Effect.gen(function*() {
      const error = (options: SimulatedGtStudio.Options) =>
        Effect.map(Effect.flip(Effect.scoped(Layer.build(SimulatedGtStudio.layer(options)))), ({ message }) => message)
      assert.include(yield* error({ pageSize: 0 }), "pageSize must be")
      assert.include(yield* error({ latency: Duration.infinity }), "latency must be")
      assert.include(yield* error({ client: { maxInFlight: 0 } }), "Option maxInFlight: must be")
    }))
})
