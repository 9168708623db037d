import { assert, describe, it } from "@effect/vitest"
import { table } from "../src/internal/reportTable.ts"

const result = (suite: string, title: string, status: string) => ({ suite: `${suite} sink conformance`, title, status })

describe("the report", () => {
  it("never counts a waived or skipped rule as kept", () => {
    const { isBroken, text } = table([
      result("one", "L01 leaves nothing", "passed"),
      result("one", "A01 waived: visibility is stage", "skipped"),
      result("one", "A02 shows the whole batch", "skipped"),
      { suite: "other", title: "L02 is of no sink", status: "passed" }
    ])
    assert.isFalse(isBroken)
    assert.match(text, /^L01 +kept +leaves nothing/m)
    assert.match(text, /^A01 +waived +shows/m)
    assert.match(text, /^A02 +not run +/m)
    assert.match(text, /^L02 +not run +/m)
    assert.include(text, "1 kept")
    assert.include(text, "A01 one: visibility is stage")
  })

  it("tells that a rule is broken", () => {
    assert.isTrue(table([result("one", "L01 leaves nothing", "failed")]).isBroken)
  })
})
