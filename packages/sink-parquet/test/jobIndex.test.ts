import { assert, describe, it } from "@effect/vitest"
import { JobIndex } from "../src/internal/part/jobIndex.ts"

describe("JobIndex", () => {
  it("finds the part of each of 300,000 jobs, and hardly ever one for another job", () => {
    const index = new JobIndex()
    const id = (n: number) => `5a375fc2-fb4f-4d4b-${n.toString(16).padStart(12, "0")}`
    for (let n = 0; n < 300_000; n++) index.add(id(n), 1 + n % 1000)
    let wrong = 0
    for (let n = 0; n < 300_000; n++) {
      if (!index.find(id(n)).includes(1 + n % 1000)) wrong++
      if (index.find(`other ${n}`).length > 0) wrong++
    }
    assert.strictEqual(wrong, 0)
    assert.strictEqual(index.size, 300_000)
  })

  it("returns every part that was recorded for a job", () => {
    const index = new JobIndex()
    index.add("a", 1)
    index.add("a", 7)
    assert.deepStrictEqual(index.find("a"), [1, 7])
    assert.deepStrictEqual(index.find("b"), [])
  })
})
