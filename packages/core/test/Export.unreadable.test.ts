import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import { world } from "./support/exports.ts"
import { FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"

describe("a retry of a job whose entry could not be read", () => {
  it.effect("passes the status of its result to sinks and ledger, and never an invented one", () =>
    Effect.gen(function*() {
      const statuses: Array<string | null> = []
      const sink = new MemorySink({
        before: (step, _, records) =>
          Effect.sync(() => {
            if (step === "stage") statuses.push(...records.map(({ summary }) => summary.status))
          })
      })
      const jobs = [{ id: "b-0", listed: { id: "b-0", status: {} } }]
      const platform = new FakePlatform([{ projectId: "p", batchId: "b", jobs }])
      const { ledger, run } = yield* world(platform, [sink])
      yield* run()
      strictEqual((yield* run({ selection: { _tag: "Retry" } })).batches[0]?.exported, 1)
      const [entry] = yield* ledger.find(platform.batches[0]!, ["b-0"])
      deepStrictEqual([statuses, entry?.storedAs?.status], [["completed"], "completed"])
      assert.notStrictEqual(entry?.listed.status, "unreadable")
    }))
})
