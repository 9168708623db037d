import { assert, describe, it } from "@effect/vitest"
import { GtStudio, Spool } from "@labelstream/core"
import { RunnerStorage } from "effect/cluster/RunnerStorage"
import { Sharding } from "effect/cluster/Sharding"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import * as WorkflowEngine from "effect/workflow/WorkflowEngine"
import { ExportRequest, ExportStore, ExportWorkflow, SinkResolver } from "../src/index.ts"
import { fresh, kinds } from "./support/databases.ts"
import { emptyRequest } from "./support/requests.ts"

const platform = "https://platform.test"

/** A step that fails before it needs any of these. */
const unused = Layer.mergeAll(
  Layer.succeed(GtStudio.GtStudio, {} as GtStudio.GtStudio["Service"]),
  Layer.succeed(Spool.Spool, {} as Spool.Spool["Service"]),
  Layer.succeed(RunnerStorage, {} as RunnerStorage["Service"]),
  Layer.succeed(Sharding, {} as Sharding["Service"])
)

/** A sink that is interrupted whenever it is made, although nobody interrupts the export. */
const interrupted = Layer.succeed(SinkResolver.SinkResolver, { resolve: () => Effect.interrupt })

describe("the workflow of an export", () => {
  it.effect("ends the export if a step is interrupted again and again, so that nobody waits for it", () =>
    Effect.gen(function*() {
      const store = yield* ExportStore.ExportStore
      const { row } = yield* store.submit(
        "key",
        ExportRequest.encode({ ...emptyRequest, platform, sinks: ["files:x"] })
      )
      yield* Effect.forkChild(ExportWorkflow.ExportWorkflow.execute({ exportId: row.id }))
      const found = Effect.map(Effect.andThen(TestClock.adjust("10 seconds"), store.find(row.id)), Option.getOrThrow)
      const ended = yield* Effect.repeat(found, { until: ({ state }) => state !== "running" })
      assert.strictEqual(ended.state, "aborted")
      assert.include(ended.error ?? "", "interrupted")
    }).pipe(
      Effect.provide(
        ExportWorkflow.layer({ platform, runner: "10.0.0.1:1", sliceJobs: 10, concurrency: 1 }).pipe(
          Layer.provideMerge(WorkflowEngine.layerMemory),
          Layer.provide([unused, interrupted]),
          Layer.provideMerge(ExportStore.layer),
          Layer.provide(fresh(kinds[0]!))
        ),
        { local: true }
      )
    ))
})
