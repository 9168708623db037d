import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { FormatKit } from "../src/testing/index.ts"
import { type Fault, linesFormat, readLines } from "./support/linesFormat.ts"

const rulesOf = (fault: Fault) => FormatKit.rules({ format: linesFormat(fault), options: {}, read: readLines })

const violationOf = (rules: ReadonlyArray<FormatKit.Rule>, id: string) =>
  Effect.map(Effect.flip(rules.find((rule) => rule.id === id)!.check), ({ message }) => message)

const caught: ReadonlyArray<readonly [rule: string, fault: Fault, found: RegExp]> = [
  ["F01", "differs", /build.txt differs/],
  ["F02", "forgetsEmpty", /samples read back/],
  ["F03", "renumbers", /classes/],
  ["F04", "losesSilently", /annotations by class/],
  ["F05", "namesByReference", /is no safe path|was written before/],
  ["F06", "swallowsSplits", /samples read back/],
  ["F07", "collects", /written after the last one was read/],
  ["F08", "ignoresErrors", /the error of write \d+ was ignored/],
  ["F09", "marksNothing", /a reader finds \d+ samples while/]
]

describe("the format kit", () => {
  it("has a broken format for each rule", () => {
    assert.deepStrictEqual(caught.map(([rule]) => rule), [...FormatKit.titles.keys()])
  })

  for (const { check, id, title } of rulesOf("none")) {
    it.effect(`finds nothing wrong by ${id} with the same format when it ${title}`, () => check)
  }

  for (const [rule, fault, found] of caught) {
    it.effect(`catches by ${rule} a format that ${fault}`, () =>
      Effect.map(violationOf(rulesOf(fault), rule), (violation) => {
        assert.match(violation, found)
      }))
  }

  it.effect("takes a defect of a format for a violation", () => {
    const format = { ...linesFormat("none"), write: () => Effect.die(new Error("broken")) }
    const rules = FormatKit.rules({ format, options: {}, read: readLines })
    return Effect.map(violationOf(rules, "F01"), (violation) => assert.match(violation, /broken/))
  })
})
