/**
 * Fields that describe a job and that nothing depends on: numbers are taken for text and text for numbers, what cannot
 * be read is null, and a field that came out otherwise than it was sent is named.
 */
import { ExactNumber } from "../document/exactJson.ts"
import { isInt32 } from "../document/int32.ts"

/** A field that is null, or was changed, since it could not be read as it was sent. */
export interface FieldProblem {
  /** Its name. */
  readonly path: string
  /** What was expected; never the value. */
  readonly reason: string
}

/** Text of a text or a number, with all its digits. Text that UTF-8 has no form for is mended. */
export const textOf = (value: unknown): string | null => {
  if (typeof value === "string") return value.toWellFormed()
  if (typeof value === "number") return String(value)
  return value instanceof ExactNumber ? value.source : null
}

/** A whole number of some range, from a number or its digits. */
const whole = (isInRange: (value: number) => boolean) => (value: unknown): number | null => {
  const number = typeof value === "string" && /^\s*-?\d+\s*$/.test(value) ? Number(value) : value
  return typeof number === "number" && isInRange(number) ? number + 0 : null
}

/** A whole number that has a place in a column of 32 bits. */
export const countOf = whole(isInt32)

/** A whole number that a double holds. */
export const totalOf = whole(Number.isSafeInteger)

/** How each field is read. */
export type Readers = { readonly [field: string]: typeof textOf | typeof countOf }

/** The fields of an answer that were not read as they were sent. */
export const problemsOf = (answer: object, readers: Readers): ReadonlyArray<FieldProblem> => {
  const problems: Array<FieldProblem> = []
  for (const path in readers) {
    const value = (answer as { readonly [field: string]: unknown })[path]
    if (value === undefined || value === null) continue
    const read = readers[path]!
    if (read(value) === null) {
      problems.push({
        path,
        reason: read === countOf ? "is not a whole number of 32 bits" : "is neither a text nor a number"
      })
    } else if (typeof value === "string" && !value.isWellFormed()) {
      problems.push({ path, reason: "holds half a character, which became U+FFFD" })
    }
  }
  return problems
}
