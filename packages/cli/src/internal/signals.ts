import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

/**
 * Listens for SIGINT and SIGTERM until the scope closes. The first one runs `drain`; the answered deferred is done at the
 * second; the third ends the process at once.
 */
export const onSignal = Effect.fnUntraced(function*(drain: Effect.Effect<void>) {
  const giveUp = yield* Deferred.make<void>()
  const fork = Effect.runForkWith(yield* Effect.context())
  let signals = 0
  const onSignal = () => {
    signals++
    if (signals > 2) process.exit(130)
    fork(signals === 1 ? drain : Deferred.succeed(giveUp, undefined))
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("SIGINT", onSignal).on("SIGTERM", onSignal)),
    () => Effect.sync(() => process.off("SIGINT", onSignal).off("SIGTERM", onSignal))
  )
  return giveUp
})
