import * as Effect from "effect/Effect"

/** Lets the event loop turn this many times: input and output happen, but no time is waited for. */
export const ticks = (count: number): Effect.Effect<void> =>
  Effect.promise(async () => {
    for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
  })
