import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { existsSync } from "node:fs"
import * as VerifyProgram from "../../VerifyProgram.ts"
import { commandLine } from "../commandLine.ts"
import { type Outcome, SettingsError } from "../failure.ts"
import { ledgerReadOnly } from "../platform.ts"
import { type SettingFlags, settingsOf } from "../settings/flags.ts"
import { resolveSettings, type Settings } from "../settings/settings.ts"
import { labelOf, makeAll } from "../settings/sinkTargets.ts"
import { targetsOf } from "../settings/storedTargets.ts"

interface Flags extends SettingFlags {
  readonly config: Option.Option<string>
  readonly json: boolean
  readonly quick: boolean
}

/** A flag as it was typed. */
const typed = (name: string, value: Option.Option<string> | undefined): ReadonlyArray<string> =>
  value === undefined || Option.isNone(value) ? [] : [name, value.value]

export const run = Effect.fnUntraced(function*(flags: Flags): Outcome {
  const settings = yield* resolveSettings(settingsOf(flags), Option.getOrUndefined(flags.config))
  yield* needLocalLedger(settings)
  return yield* Effect.gen(function*() {
    const targets = yield* targetsOf(settings)
    const sinks = yield* makeAll(targets)
    const to = (of: VerifyProgram.Damage["sinks"]) =>
      settings.toIsInFile ? [] : targets.flatMap((place, index) => {
        const sink = sinks[index]
        return sink !== undefined && of.includes(sink) ? ["--to", labelOf(place)] : []
      })
    return yield* VerifyProgram.run({
      sinks,
      where: targets.map(labelOf).join(", "),
      depth: flags.quick ? "manifest" : "content",
      json: flags.json,
      repair: ({ batchIds, projectId, sinks }) =>
        commandLine([
          "export",
          "--project",
          projectId,
          ...batchIds.flatMap((batchId) => ["--batch", batchId]),
          ...to(sinks),
          ...typed("--ledger", flags.ledger),
          ...typed("--config", flags.config),
          "--repair"
        ]),
      store: commandLine([
        "export",
        ...(settings.toIsInFile ? [] : targets.flatMap((place) => ["--to", labelOf(place)]))
      ])
    })
  }).pipe(Effect.provide(ledgerReadOnly(settings)))
})

/** What a cluster has exported is in the ledger of its database. */
const needLocalLedger = ({ cluster, ledger, ledgerName }: Settings): Effect.Effect<void, SettingsError> =>
  cluster === undefined || existsSync(ledger) ? Effect.void : new SettingsError({
    message: `There is no ledger at ${ledgerName}, and the ledger of a cluster cannot be verified against: ` +
      "name the ledger of a run on this machine with --ledger FILE"
  })
