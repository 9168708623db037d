/** Comparisons whose error says what was expected and what was found. */
import * as Effect from "effect/Effect"
import { DatasetError } from "../DatasetError.ts"

/** Fails with this detail unless the condition holds. */
export const must = (holds: boolean, detail: () => string): Effect.Effect<void, DatasetError> =>
  holds ? Effect.void : Effect.suspend(() => Effect.fail(new DatasetError({ reason: "output", detail: detail() })))

/** Fails unless both are the same as JSON. */
export const same = (expected: unknown, found: unknown, what: string): Effect.Effect<void, DatasetError> => {
  const [a, b] = [JSON.stringify(expected), JSON.stringify(found)]
  return must(a === b, () => `${what}: expected ${a}, found ${b}`)
}
