import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Distribution } from "../../../src/internal/gather/distribution.ts"

const job = (jobId: string) => ({ batchId: "b", jobId, referenceId: null })

const of = (counts: ReadonlyArray<number>) => {
  const distribution = new Distribution()
  counts.forEach((count, at) => distribution.add(count, job(String(at))))
  return distribution.result()
}

describe("the distribution of annotations over jobs", () => {
  const Counts = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3_000_000 })))

  it.effect.prop(
    "has every job in one bin, and a median that half of the jobs do not exceed",
    [Counts],
    ([counts]) =>
      Effect.sync(() => {
        const { bins, max, median } = of(counts)
        assert.strictEqual(bins.reduce((sum, { jobs }) => sum + jobs, 0), counts.length)
        for (const { from, jobs, to } of bins) {
          assert.strictEqual(jobs, counts.filter((count) => count >= from && count <= to).length)
        }
        assert.strictEqual(max, Math.max(0, ...counts))
        assert.isAtLeast(2 * counts.filter((count) => count <= median).length, counts.length)
      })
  )

  it("of no job is empty", () => {
    assert.deepInclude(of([]), { median: 0, mean: 0, max: 0, maxJob: null })
  })
})
