/**
 * Holds a sink to the contract: one test for each rule, titled with the rule's id. A rule that the sink's declared
 * capabilities waive, that it openly waives, or that cannot be checked with what was given, is a skipped test whose
 * title says why: it never counts as passed.
 */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { allRules } from "./internal/allRules.ts"
import { type Outcome, patience, type Rule, run } from "./Rule.ts"
import type { Subject } from "./Subject.ts"

/** All rules of the contract, in its order. */
export const rules: ReadonlyArray<Rule> = allRules

/** Checks rules without a test framework, one after the other. Default: all of them. */
export const check = (
  subject: Subject,
  which: ReadonlyArray<Rule> = rules
): Effect.Effect<ReadonlyArray<Outcome>> => Effect.forEach(which, (rule) => run(rule, subject))

/**
 * Registers the suite for one sink. To be called from a test file. Throws where a rule is waived that does not exist. Default:
 * all rules.
 *
 * @example
 * ```ts
 * import { SinkConformance } from "@labelstream/sink-testkit"
 * import { make, readBack } from "./support/subject.ts"
 *
 * SinkConformance.suite("my sink", {
 *   make,
 *   readBack,
 *   location: "files",
 *   module: { url: new URL("./support/subject.ts", import.meta.url) }
 * })
 * ```
 */
export const suite = (name: string, subject: Subject, which: ReadonlyArray<Rule> = rules): void => {
  const unknown = Object.keys(subject.waive ?? {}).filter((id) => !rules.some((rule) => rule.id === id))
  if (unknown.length > 0) throw new Error(`there is no rule ${unknown.join(", ")} that could be waived`)
  describe(`${name} sink conformance`, () => {
    for (const rule of which) {
      const reason = rule.waived(subject)
      const { sequences } = subject
      const title = rule.id === "X01" && sequences !== undefined ? `${rule.title}: ${sequences} of them` : rule.title
      if (reason === undefined) it.live(`${rule.id} ${title}`, () => rule.check(subject), (patience + 20) * 1000)
      else it.skip(`${rule.id} waived: ${reason}`, () => {})
    }
  })
}
