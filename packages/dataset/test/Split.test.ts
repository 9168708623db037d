import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { Split } from "../src/index.ts"

const shares = { train: 0.7, val: 0.2, test: 0.1 }
const jobs = Array.from({ length: 4000 }, (_, index) => ({ jobId: `job-${index}`, referenceId: `ref-${index}` }))

describe("Split", () => {
  it("places a job by 48 bits of a hash of salt and reference id", () => {
    const hex = createHash("sha256").update("pepperref-1").digest("hex").slice(0, 12)
    assert.strictEqual(Split.positionOf("pepperref-1"), Number.parseInt(hex, 16) / 2 ** 48)
  })

  it("gives each split about its share", () => {
    const { of } = Split.make({ shares })
    for (const [name, share] of Object.entries(shares)) {
      const found = jobs.filter((job) => of(job) === name).length / jobs.length
      assert.closeTo(found, share, 0.03, name)
    }
  })

  it.prop("asks for the job id only if there is no reference id", [Schema.String, Schema.String], ([jobId, salt]) => {
    const { of } = Split.make({ shares, salt })
    assert.strictEqual(of({ jobId, referenceId: "" }), of({ jobId, referenceId: jobId }))
  }, { arbitrary: { runs: 50 } })

  it("moves jobs only out of the split that gets smaller", () => {
    const [before, after] = [
      Split.make({ shares: { train: 0.8, val: 0.2 } }),
      Split.make({ shares: { train: 0.7, val: 0.3 } })
    ]
    for (const job of jobs) if (before.of(job) !== after.of(job)) assert.strictEqual(before.of(job), "train")
  })

  it("chooses differently with another salt", () => {
    const [one, two] = [Split.make({ shares }), Split.make({ shares, salt: "2" })]
    assert.isTrue(jobs.some((job) => one.of(job) !== two.of(job)))
  })

  it("follows a table, and the shares for what it does not list", () => {
    const { of, order } = Split.make({ table: new Map([["ref-1", "val"], ["", "test"]]) })
    assert.deepStrictEqual(order, ["train"])
    assert.strictEqual(of(jobs[1]!), "val")
    assert.strictEqual(of(jobs[2]!), "train")
    assert.strictEqual(of({ jobId: "x", referenceId: "" }), "train")
  })

  it("uses no split whose share is 0", () => {
    const { of, order } = Split.make({ shares: { train: 1, val: 0 } })
    assert.deepStrictEqual(order, ["train"])
    assert.isTrue(jobs.every((job) => of(job) === "train"))
  })
})
