/**
 * Holds a dataset format to the rules of all formats. Each rule builds datasets in memory and reads them back with a reader
 * that the format's author gives. Needs no test framework: register a test for each rule.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import { formatRules } from "./formatRules.ts"
import { make, type Subject } from "./formatSubject.ts"

export type { Files, ReadBack, Subject } from "./formatSubject.ts"

/** A rule, for one format. */
export interface Rule {
  /** Such as `F01`. */
  readonly id: string
  /** What the format does if it keeps the rule. */
  readonly title: string
  /** Fails with what was expected and what was found. An error or a defect of the format or the reader is one, too. */
  readonly check: Effect.Effect<void, Error>
}

/** The ids of the rules and their titles, in order. */
export const titles: ReadonlyMap<string, string> = new Map(formatRules.map(({ id, title }) => [id, title]))

/**
 * Returns the rules for a format. They share what they build. Name the suite `NAME format conformance`, and
 * `labelstream-testkit-report` shows it in its table.
 *
 * @example
 * ```ts
 * import { describe, it } from "@effect/vitest"
 * import { LabelMe } from "@labelstream/dataset"
 * import { FormatKit } from "@labelstream/dataset/testing"
 *
 * const suite = (read: FormatKit.Subject<{}>["read"]) =>
 *   describe("labelme format conformance", () => {
 *     for (const { check, id, title } of FormatKit.rules({ format: LabelMe.format, options: {}, read })) {
 *       it.effect(`${id} ${title}`, () => check)
 *     }
 *   })
 * ```
 */
export const rules = <Fields extends Schema.Struct.Fields>(subject: Subject<Fields>): ReadonlyArray<Rule> => {
  const bench = make(subject)
  return formatRules.map(({ check, id, title }) => ({
    id,
    title,
    check: Effect.catchCause(Effect.suspend(() => check(bench)), (cause) => {
      const error = Cause.squash(cause)
      return Effect.fail(new Error(String(error), { cause: error }))
    })
  }))
}
