import type { Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import { SettingsError } from "./failure.ts"
import * as LedgerSummary from "./ledgerSummary.ts"
import type { Place, Settings } from "./settings.ts"
import { bundled } from "./sinks.ts"

/** The sinks to read back: those that settings name, else those that the ledger knows and whose ids say where they are. */
export const placesOf = Effect.fnUntraced(function*(settings: Settings): Effect.fn.Return<
  ReadonlyArray<Place>,
  SettingsError | Ledger.LedgerError,
  Ledger.Ledger
> {
  if (settings.to.length > 0) return settings.to
  const { sinks } = yield* LedgerSummary.read([])
  const known = sinks.flatMap(({ sink }): ReadonlyArray<Place> => {
    const name = sink.slice(0, sink.indexOf(":"))
    return `@labelstream/sink-${name}` in bundled ? [{ target: sink, folder: settings.folder }] : []
  })
  if (known.length > 0) return known
  return yield* new SettingsError({
    message:
      `Nothing is stored yet, as far as ${settings.stateName} knows. Sinks that are not its own are named with --to`
  })
})
