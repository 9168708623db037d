import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

/**
 * Listens for SIGINT and SIGTERM until the scope closes. The first one runs `drain`; the answered deferred is done at the
 * second, or at the first where `patience` is 1; one more after that ends the process at once.
 */
export const onSignal = Effect.fnUntraced(function*(drain: Effect.Effect<void>, patience: 1 | 2 = 2) {
  const giveUp = yield* Deferred.make<void>()
  const fork = Effect.runForkWith(yield* Effect.context())
  let signals = 0
  const onSignal = () => {
    signals++
    if (signals > patience) process.exit(130)
    if (signals === 1) fork(drain)
    if (signals === patience) fork(Deferred.succeed(giveUp, undefined))
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("SIGINT", onSignal).on("SIGTERM", onSignal)),
    () => Effect.sync(() => process.off("SIGINT", onSignal).off("SIGTERM", onSignal))
  )
  return giveUp
})
