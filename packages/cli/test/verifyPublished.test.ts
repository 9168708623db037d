import { assert, describe, it } from "@effect/vitest"
import { type JobSink, Ledger, LedgerMemory } from "@labelstream/core"
import { MemorySink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as VerifyProgram from "../src/VerifyProgram.ts"

describe("the verification of a sink that publishes at the end", () => {
  it.effect("finds a damaged file of many jobs, and names a batch to run that restores it", () =>
    Effect.gen(function*() {
      const ledger = yield* Ledger.Ledger
      const plain = MemorySink.make()
      const receipt = { batchId: "b", jobId: "1", revision: { document: "d", attachments: "" }, bytes: 1 }
      const found: ReadonlyArray<JobSink.Inspected> = [
        { _tag: "Intact", projectId: "p", receipt },
        { _tag: "Missing", path: "annotations.json" }
      ]
      const sink: JobSink.JobSink = { ...plain, inspect: () => Stream.make(found) }
      const batch = { projectId: "p", batchId: "b" }
      yield* ledger.record([{ _tag: "Reconciled", batch, sink: sink.id, receipt }])
      const damages: Array<VerifyProgram.Damage> = []
      const status = yield* VerifyProgram.run({
        sinks: [sink],
        where: "there",
        repair: (damage) => {
          damages.push(damage)
          return "labelstream export"
        }
      })
      assert.strictEqual(status, 3)
      assert.deepStrictEqual(damages, [{ projectId: "p", batchIds: ["b"], sinks: [sink] }])
    }).pipe(Effect.provide(LedgerMemory.layer)))
})
