/**
 * Names the run that brings jobs into a sink, in the column `load_id`: milliseconds since 1970 times 1,000, plus 3 random
 * digits. Later runs have larger ids, and two runs that begin in the same millisecond differ.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** Makes the id of a run that begins now. */
export const make: Effect.Effect<number> = Effect.gen(function*() {
  const now = yield* Clock.currentTimeMillis
  return now * 1000 + (yield* Random.nextIntBetween(0, 999))
})

/** Returns when a run began, in milliseconds since 1970. */
export const startedAt = (load: number): number => Math.floor(load / 1000)
