/**
 * Names the run that brings jobs into a sink, in the column `load_id`: milliseconds since 1970 times 1,000, plus 3
 * digits. Later runs have larger ids, and the digits distinguish runs that begin in the same millisecond.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** Makes the id of a run that begins now, with random digits. */
export const make: Effect.Effect<number> = Effect.gen(function*() {
  return of(yield* Clock.currentTimeMillis, yield* Random.nextIntBetween(0, 999))
})

/** Returns the id of a run that began at `startedAt`, in milliseconds since 1970; the last 3 digits of `number` are its own. */
export const of = (startedAt: number, number: number): number => startedAt * 1000 + number % 1000

/** Returns when a run began, in milliseconds since 1970. */
export const startedAt = (load: number): number => Math.floor(load / 1000)
