import { assert, describe, it } from "@effect/vitest"
import { Export } from "@labelstream/core"
import { Effect, Exit, Layer } from "effect"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { FakePlatform } from "../../core/test/support/fakePlatform.ts"
import { MemorySink } from "../../core/test/support/memorySink.ts"
import * as SqliteLedger from "../src/SqliteLedger.ts"

describe("a listed id with half of a surrogate pair", () => {
  it.live("fails alone in the first run and in every later one", () =>
    Effect.gen(function*() {
      const file = join(mkdtempSync(join(tmpdir(), "labelstream-")), "ledger.sqlite")
      const jobs = ["b-0", "\ud800x", "b-2", "x\udc00"].map((id) => ({ id }))
      const platform = new FakePlatform([{ projectId: "p", batchId: "b", jobs }], undefined, 10)
      const sink = new MemorySink()
      yield* Effect.gen(function*() {
        for (const run of ["first", "second", "third"]) {
          const exit = yield* Effect.exit(Export.run({ batches: platform.batches, sinks: [sink.sink] }))
          assert.isTrue(
            Exit.isSuccess(exit),
            `${run} run: ${Exit.isFailure(exit) ? String(exit.cause).slice(0, 200) : ""}`
          )
          assert.sameMembers(Array.from(sink.stored.values(), ({ jobId }) => jobId), ["b-0", "b-2"])
          const [batch] = Exit.isSuccess(exit) ? exit.value.batches : []
          const counts = run === "first" ? [4, 2, 0, 2] : [4, 0, 2, 2]
          assert.deepStrictEqual([batch?.listed, batch?.exported, batch?.unchanged, batch?.failed], counts)
        }
      }).pipe(Effect.provide(Layer.merge(platform.layer({}), SqliteLedger.layer({ file }))))
    }), 30_000)

  it.live("of a batch fails that batch alone", () =>
    Effect.gen(function*() {
      const file = join(mkdtempSync(join(tmpdir(), "labelstream-")), "ledger.sqlite")
      const platform = new FakePlatform([{ projectId: "p", batchId: "b", jobs: [{ id: "b-0" }] }])
      const batches = ["\ud800", "b", "\udc00"].map((batchId) => ({ projectId: "p", batchId }))
      const sink = new MemorySink()
      yield* Effect.gen(function*() {
        for (const counts of [[1, 0], [0, 1]]) {
          const report = yield* Export.run({ batches, sinks: [sink.sink] })
          assert.deepStrictEqual(report.batches.map(({ isListed }) => isListed), [false, true, false])
          assert.deepStrictEqual([report.batches[1]?.exported, report.batches[1]?.unchanged], counts)
        }
      }).pipe(Effect.provide(Layer.merge(platform.layer({}), SqliteLedger.layer({ file }))))
    }), 30_000)
})
