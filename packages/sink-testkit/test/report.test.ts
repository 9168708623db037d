import { assert, describe, it } from "@effect/vitest"
import { SinkConformance } from "../src/index.ts"
import { table } from "../src/internal/reportTable.ts"

const result = (suite: string, title: string, status: string) => ({ suite: `${suite} sink conformance`, title, status })

const whole = (status = "passed") =>
  SinkConformance.rules.map(({ id, title }) => result("one", `${id} ${title}`, status))

describe("the report", () => {
  it("is good where every rule is kept or waived", () => {
    const { isBroken, text } = table([...whole().slice(1), result("one", "L01 waived: has no beginning", "skipped")])
    assert.isFalse(isBroken)
    assert.include(text, `${SinkConformance.rules.length - 1} kept`)
    assert.include(text, "L01 one: has no beginning")
  })

  it("never counts a waived or skipped rule as kept", () => {
    const { text } = table([
      result("one", "L01 leaves nothing", "passed"),
      result("one", "A01 waived: visibility is stage", "skipped"),
      result("one", "A02 shows the whole batch", "skipped"),
      { suite: "other", title: "L02 is of no sink", status: "passed" }
    ])
    assert.match(text, /^L01 +kept +leaves nothing/m)
    assert.match(text, /^A01 +waived +shows/m)
    assert.match(text, /^A02 +NOT RUN +/m)
    assert.match(text, /^L02 +NOT RUN +/m)
    assert.include(text, "1 kept")
  })

  it("says that a rule is broken, or was not run because its process died", () => {
    assert.isTrue(table([...whole().slice(1), result("one", "L01 leaves nothing", "failed")]).isBroken)
    assert.isTrue(table([...whole().slice(1), result("one", "L01 leaves nothing", "pending")]).isBroken)
    assert.isTrue(table(whole().slice(1)).isBroken)
  })

  it("shows formats in a table of their own, and is bad if one lacks a rule that another one was tested by", () => {
    const format = (name: string, id: string, status = "passed") => ({
      suite: `${name} format conformance`,
      title: `${id} writes ${id}`,
      status
    })
    const all = [...whole(), format("yolo", "F01"), format("coco", "F01"), format("coco", "F02")]
    const { isBroken, text } = table(all)
    assert.isTrue(isBroken)
    assert.match(text, /^format +F01 +F02 +of 2$/m)
    assert.match(text, /^coco +kept +kept +2 kept$/m)
    assert.match(text, /^yolo +kept +NOT RUN +1 kept$/m)
    assert.match(text, /^F02 +the format writes F02$/m)
    assert.isFalse(table([...all, format("yolo", "F02")]).isBroken)
    assert.isTrue(table([...all, format("yolo", "F02", "failed")]).isBroken)
    assert.isFalse(table(all.slice(whole().length, -1)).isBroken)
  })

  it("reports files that failed before or outside of their tests, and an empty run", () => {
    const { isBroken, text } = table(whole(), [{ file: "two.test.ts", message: "Cannot find module" }])
    assert.isTrue(isBroken)
    assert.include(text, "two.test.ts: Cannot find module")
    assert.isTrue(table([]).isBroken)
  })
})
