/** The kit is only worth what it catches: every rule has a sink that breaks it, and only the right rules see that. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { SinkConformance, type Subject } from "../../src/index.ts"
import { memorySubject } from "../support/memory.ts"
import { flaws, tinySubject } from "../support/tiny.ts"
import { memoryFlaws } from "./memoryFlaws.ts"

/** Fails unless exactly these rules are broken, `also` being those that may see it too. */
const seenBy = (subject: Subject, id: string, also: ReadonlyArray<string>, which = SinkConformance.rules) =>
  Effect.gen(function*() {
    const outcomes = yield* SinkConformance.check(subject, which)
    const broken = outcomes.flatMap((outcome) => outcome._tag === "Broken" ? [outcome] : [])
    const details = broken.map(({ violation }) => violation.message).join("\n")
    const ids = broken.map(({ rule }) => rule.id)
    assert.include(ids, id, details)
    assert.deepStrictEqual(ids.filter((one) => one !== id && !also.includes(one)), [], details)
  })

describe("a sink that breaks one rule", () => {
  for (const [id, { also = [], change }] of Object.entries(memoryFlaws)) {
    it.live(`is caught by ${id}`, () => seenBy(memorySubject(change), id, also), 120_000)
  }

  /** Rules that run other processes take their time: a flaw is held against its own and all that do not. */
  const slow = /^(?:C0[1-5]|F0[13]|P03|W07)$/
  const alsoFor: Readonly<Record<string, ReadonlyArray<string>>> = { L04: ["X01"], C04: ["F03"] }
  for (const id of flaws) {
    const which = SinkConformance.rules.filter((rule) => rule.id === id || !slow.test(rule.id))
    it.live(`is caught by ${id}`, () => seenBy(tinySubject(id), id, alsoFor[id] ?? [], which), 240_000)
  }

  it("is there for every rule", () => {
    const covered = new Set([...Object.keys(memoryFlaws), ...flaws])
    assert.deepStrictEqual(SinkConformance.rules.map(({ id }) => id).filter((id) => !covered.has(id)), [])
  })
})
