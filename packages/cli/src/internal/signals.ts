import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"

/**
 * Milliseconds within which a signal under npm counts once: a terminal sends Ctrl-C to both processes, and npm passes
 * it on.
 */
const sameSignal = 700

const isUnderNpm = () => process.env["npm_lifecycle_event"] !== undefined

/** Whether SIGHUP may be listened for: `nohup` has it ignored, and a listener would end that. Known on Linux only. */
const hearsHangUp = (): boolean => {
  try {
    const [, ignored = "0"] = /^SigIgn:\s*([\da-f]+)$/m.exec(readFileSync("/proc/self/status", "latin1")) ?? []
    return (BigInt(`0x${ignored}`) & 1n) === 0n
  } catch {
    return false
  }
}

const nothing = () => {}

/**
 * Listens for SIGINT, SIGTERM, and SIGHUP until the scope closes. The first one runs `drain`; the returned deferred is done
 * at the second, or at the first where `patience` is 1; one more after that ends the process at once.
 */
export const onSignal = Effect.fnUntraced(function*(drain: Effect.Effect<void>, patience: 1 | 2 = 2) {
  const giveUp = yield* Deferred.make<void>()
  const fork = Effect.runForkWith(yield* Effect.context())
  const again = isUnderNpm() ? sameSignal : 0
  let signals = 0
  let last = Number.NEGATIVE_INFINITY
  const onSignal = (signal: NodeJS.Signals) => {
    // The terminal may be gone: then writing to it fails, which must not end the run.
    if (signal === "SIGHUP") { for (const stream of [process.stdout, process.stderr]) stream.on("error", nothing) }
    const now = performance.now()
    if (now - last < again) return
    last = now
    signals++
    if (signals > patience) process.exit(130)
    if (signals === 1) fork(drain)
    if (signals === patience) fork(Deferred.succeed(giveUp, undefined))
  }
  const names: ReadonlyArray<NodeJS.Signals> = ["SIGINT", "SIGTERM", ...(hearsHangUp() ? ["SIGHUP" as const] : [])]
  yield* Effect.acquireRelease(
    Effect.sync(() => names.forEach((name) => process.on(name, onSignal))),
    () => Effect.sync(() => names.forEach((name) => process.off(name, onSignal)))
  )
  return giveUp
})
