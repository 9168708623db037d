import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as VerifyProgram from "../../VerifyProgram.ts"
import type { Outcome } from "../failure.ts"
import { type SettingFlags, settingsOf } from "../flags.ts"
import { ledgerReadOnly } from "../platform.ts"
import { resolveSettings } from "../settings.ts"
import { labelOf, makeAll } from "../sinks.ts"
import { placesOf } from "../storedPlaces.ts"

interface Flags extends SettingFlags {
  readonly config: Option.Option<string>
  readonly json: boolean
  readonly quick: boolean
}

export const run = Effect.fnUntraced(function*(flags: Flags): Outcome {
  const settings = yield* resolveSettings(settingsOf(flags), Option.getOrUndefined(flags.config))
  return yield* Effect.gen(function*() {
    const places = yield* placesOf(settings)
    return yield* VerifyProgram.run({
      sinks: yield* makeAll(places),
      where: places.map(labelOf).join(", "),
      depth: flags.quick ? "manifest" : "content",
      json: flags.json
    })
  }).pipe(Effect.provide(ledgerReadOnly(settings)))
})
