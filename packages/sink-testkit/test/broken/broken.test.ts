/** The kit is only worth what it catches: every rule has a sink that breaks it, and only the right rules see that. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { inject } from "vitest"
import { isFull, scale } from "../../../../scripts/testScale.ts"
import { SinkConformance, type Subject } from "../../src/index.ts"
import { type direct, directSubject } from "../support/directSink.ts"
import { memorySubject } from "../support/memory.ts"
import { type publishing, publishingSubject } from "../support/publishingSink.ts"
import { tinySubject } from "../support/tiny.ts"
import { commitFlaws } from "./commitFlaws.ts"
import { contentFlaws } from "./contentFlaws.ts"
import { directFlaws } from "./directFlaws.ts"
import { publishingFlaws } from "./publishingFlaws.ts"
import { recordFlaws } from "./recordFlaws.ts"
import { tinyFlaws } from "./tinyFlaws.ts"

/** How a flaw must be seen. */
interface Seen {
  readonly says: RegExp
  readonly also?: ReadonlyArray<string>
}

/** Fails unless this rule is broken and says so, and no other is but those that may see it too. */
const seenBy = (subject: Subject, id: string, { also = [], says }: Seen, which = SinkConformance.rules) =>
  Effect.gen(function*() {
    const outcomes = yield* SinkConformance.check(subject, which)
    const broken = outcomes.flatMap((outcome) => outcome._tag === "Broken" ? [outcome] : [])
    const details = broken.map(({ violation }) => violation.message).join("\n")
    assert.match(broken.find(({ rule }) => rule.id === id)?.violation.detail ?? "not broken", says, details)
    const others = broken.map(({ rule }) => rule.id).filter((one) => one !== id && !also.includes(one))
    assert.deepStrictEqual(others, [], details)
  })

const programs = inject("programs of sink-testkit")

/**
 * A flaw is checked against the rule that it breaks, and in the full matrix against all rules without child processes.
 */
const seen = scale("is caught by", "is caught by no other rule than it should be:")
const slow = /^(?:A10|C0[1-57]|M0[134]|F0[13]|P03|W07)$/
const against = (id: string, slow: RegExp | undefined) =>
  SinkConformance.rules.filter((rule) => rule.id === id || (isFull && slow?.test(rule.id) !== true))

const memoryFlaws = { ...contentFlaws, ...commitFlaws, ...recordFlaws }

describe("a sink that breaks one rule", () => {
  for (const [id, flaw] of Object.entries(memoryFlaws)) {
    it.live(`${seen} ${id}`, () => seenBy(memorySubject(flaw.change), id, flaw, against(id, undefined)), 300_000)
  }

  for (const [id, flaw] of Object.entries(tinyFlaws)) {
    // W07 measures memory in the same way; this one is for the full matrix.
    if (id === "P03" && !isFull) continue
    it.live(`${seen} ${id}`, () => seenBy(tinySubject(id, programs), id, flaw, against(id, slow)), 300_000)
  }

  for (const [name, flaw] of Object.entries(publishingFlaws)) {
    const subject = publishingSubject(name as keyof typeof publishing, programs)
    it.live(
      `${seen} ${flaw.id}, where it publishes at the end: ${name}`,
      () => seenBy(subject, flaw.id, flaw, against(flaw.id, slow)),
      300_000
    )
  }

  for (const [name, flaw] of Object.entries(directFlaws)) {
    const subject = directSubject(name as keyof typeof direct)
    it.live(
      `${seen} ${flaw.id}, where several write at once: ${name}`,
      () => seenBy(subject, flaw.id, flaw, against(flaw.id, slow)),
      300_000
    )
  }

  it("is there for every rule", () => {
    const publishing = Object.values(publishingFlaws).map(({ id }) => id)
    const direct = Object.values(directFlaws).map(({ id }) => id)
    const covered = new Set([...Object.keys(memoryFlaws), ...Object.keys(tinyFlaws), ...publishing, ...direct])
    assert.deepStrictEqual(SinkConformance.rules.map(({ id }) => id).filter((id) => !covered.has(id)), [])
  })
})
