import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/**
 * Milliseconds on a clock that only goes forward, for waits and durations. The time of day can jump while a program
 * runs.
 */
export const monotonicMillisUnsafe = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6

/** As {@link monotonicMillisUnsafe}, of the clock in use. */
export const monotonicMillis: Effect.Effect<number> = Effect.map(
  Clock.monotonicTimeNanos,
  (nanos) => Number(nanos) / 1e6
)
