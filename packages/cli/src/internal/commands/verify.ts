import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as VerifyProgram from "../../VerifyProgram.ts"
import { type Outcome, SettingsError } from "../failure.ts"
import { type SettingFlags, settingsOf } from "../flags.ts"
import * as LedgerSummary from "../ledgerSummary.ts"
import { ledgerReadOnly } from "../platform.ts"
import { type Place, resolveSettings } from "../settings.ts"
import { bundled, labelOf, makeAll } from "../sinks.ts"

interface Flags extends SettingFlags {
  readonly config: Option.Option<string>
  readonly json: boolean
  readonly quick: boolean
}

/** The sinks of which the ledger has receipts, as far as their ids say all that is needed to make them. */
const known = Effect.fnUntraced(function*(folder: string) {
  const { sinks } = yield* LedgerSummary.read([])
  return sinks.flatMap(({ sink }): ReadonlyArray<Place> => {
    const name = sink.slice(0, sink.indexOf(":"))
    return `@labelstream/sink-${name}` in bundled ? [{ target: sink, folder }] : []
  })
})

export const run = Effect.fnUntraced(function*(flags: Flags): Outcome {
  const settings = yield* resolveSettings(settingsOf(flags), Option.getOrUndefined(flags.config))
  return yield* Effect.gen(function*() {
    const places = settings.to.length > 0 ? settings.to : yield* known(settings.folder)
    if (places.length === 0) {
      return yield* new SettingsError({
        message:
          `Nothing is stored yet, as far as ${settings.stateName} knows. Sinks that are not its own are named with --to`
      })
    }
    return yield* VerifyProgram.run({
      sinks: yield* makeAll(places),
      where: places.map(labelOf).join(", "),
      depth: flags.quick ? "manifest" : "content",
      json: flags.json
    })
  }).pipe(Effect.provide(ledgerReadOnly(settings)))
})
