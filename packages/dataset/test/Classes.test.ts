import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { Classes } from "../src/index.ts"

const names = (of: Parameters<typeof Classes.make>[0]) => Classes.make(of).names

describe("Classes", () => {
  it("are those met, by code point", () => {
    assert.deepStrictEqual(names({ met: ["b", "\u{1f600}", "a", "\uff21", "B", "b"] }), [
      "B",
      "a",
      "b",
      "\uff21",
      "\u{1f600}"
    ])
  })

  it.prop(
    "stay where they are when others come",
    [Schema.Array(Schema.String), Schema.Array(Schema.String)],
    ([a, b]) => {
      const before = names({ met: a })
      const after = names({ frozen: before, met: [...a, ...b] })
      assert.deepStrictEqual(after.slice(0, before.length), before)
      assert.deepStrictEqual(new Set(after), new Set([...a, ...b]))
      assert.deepStrictEqual(names({ frozen: after, met: a }), after)
    },
    { arbitrary: { runs: 100 } }
  )

  it("are in the order of a list, and others follow", () => {
    assert.deepStrictEqual(names({ choice: ["z", "a"], met: ["b", "a"] }), ["z", "a", "b"])
  })

  it("are mapped, and dropped where that is null", () => {
    const choice = { Car: "car", van: "car", sky: null }
    const of = Classes.mapping(choice)
    assert.deepStrictEqual(["Car", "van", "sky", "road", "constructor"].map(of), [
      "car",
      "car",
      null,
      "road",
      "constructor"
    ])
    assert.deepStrictEqual(names({ choice, met: ["road", "car"] }), ["car", "road"])
  })

  it("have an index each, and no other name has one", () => {
    const classes = Classes.make({ met: ["b", "a"] })
    assert.strictEqual(classes.indexOf("b"), 1)
    assert.throws(() => classes.indexOf("c"), /"c" is no class/)
  })
})
