import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import { world } from "./support/exports.ts"
import { batchOf, FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"

const follow = { interval: "1 minute", deadline: "10 minutes" } as const

describe("following with filterResult", () => {
  it.effect("fetches a result that is not wanted once, and again when the listing shows a change", () =>
    Effect.gen(function*() {
      const jobs = [...batchOf(10).jobs, { id: "late", status: "in_progress" }]
      const platform = new FakePlatform([{ projectId: "p", batchId: "b", jobs }], undefined, 20)
      const { run } = yield* world(platform, [new MemorySink()])
      const count = (kind: string) => platform.kinds.filter((one) => one.startsWith(kind)).length
      platform.override = (_, kind) => {
        if (kind.startsWith("page") && count("page") === 4) {
          platform.batches[0]!.jobs[3] = { id: "b-3", counts: { annotations: 2 } }
        }
        return undefined
      }
      const report = yield* run({ follow, filterResult: () => Effect.succeed(false) })
      assert.isAbove(count("page"), 5)
      deepStrictEqual({ jobs: count("jobs"), files: count("file") }, { jobs: 11, files: 11 })
      strictEqual(report.batches[0]?.skipped, 10)
    }))
})
