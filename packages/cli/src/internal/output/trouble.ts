import { GtStudio } from "@labelstream/core"
import { onOneLine } from "@labelstream/core/PlainText"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Milliseconds between checks. A reason that is found twice in a row is worth a line. */
const every = 500

/**
 * Logs why requests are retried, each reason once: a wrong host is on the screen long before the retry budget ends. Runs
 * until the scope closes.
 */
export const sayTrouble: Effect.Effect<void, never, GtStudio.GtStudio | Scope.Scope> = Effect.gen(function*() {
  const gtStudio = yield* GtStudio.GtStudio
  const said = new Set<string>()
  let before: string | undefined
  const look = Effect.flatMap(gtStudio.activity, ({ trouble }) => {
    const isNew = trouble !== undefined && trouble === before && !said.has(trouble)
    before = trouble
    if (!isNew) return Effect.void
    said.add(trouble)
    return Effect.logInfo(onOneLine(`Retrying: ${trouble}`))
  })
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(every), look)))
})
