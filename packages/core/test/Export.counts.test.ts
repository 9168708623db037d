import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { world } from "./support/exports.ts"
import { FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"

describe("counts of a listed job", () => {
  for (const [frames, annotations] of [[1.5, 1], [1, 3e9], [-1.5, 2 ** 31]] as const) {
    it.effect(`reach no sink if they are ${frames} and ${annotations}, and are reported`, () =>
      Effect.gen(function*() {
        const seen: Array<number | null> = []
        const sink = new MemorySink({
          before: (step, _, records) =>
            Effect.sync(() => {
              if (step === "stage") {
                seen.push(...records.flatMap(({ summary }) => [summary.frames, summary.annotations]))
              }
            })
        })
        const jobs = [{ id: "b-0", counts: { frames, annotations } }]
        const { run } = yield* world(new FakePlatform([{ projectId: "p", batchId: "b", jobs }]), [sink])
        const [batch] = (yield* run()).batches
        assert.strictEqual(batch?.exported, 1)
        assert.strictEqual(batch?.problems, [frames, annotations].filter((count) => count !== 1).length)
        assert.strictEqual(batch?.problemExample?.path, frames === 1 ? "annotations" : "frames")
        assert.strictEqual(seen.length, 2)
        assert.isTrue(
          seen.every((count) => count === null || (Math.abs(count) < 2 ** 31 && Number.isInteger(count))),
          JSON.stringify(seen)
        )
      }))
  }
})
