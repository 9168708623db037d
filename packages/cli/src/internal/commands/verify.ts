import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as VerifyProgram from "../../VerifyProgram.ts"
import { commandLine } from "../commandLine.ts"
import type { Outcome } from "../failure.ts"
import { beforeForeignCode } from "../handOver.ts"
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
  const { ledger, settings } = yield* ledgerOf(
    yield* resolveSettings(settingsOf(flags), Option.getOrUndefined(flags.config)),
    flags
  )
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
  }).pipe(Effect.provide(ledger))
})

/** The ledger of the cluster that settings name, unless a flag names one of this machine. */
const ledgerOf = Effect.fnUntraced(function*(settings: Settings, flags: Flags) {
  const { cluster } = settings
  const isNamed = flags.ledger !== undefined && Option.isSome(flags.ledger)
  if (cluster === undefined || isNamed) return { settings, ledger: ledgerReadOnly(settings) }
  yield* beforeForeignCode
  const { stores } = yield* Effect.promise(() => import("../cluster/clusterClient.ts"))
  return { settings: { ...settings, ledgerName: "The cluster's ledger" }, ledger: stores(cluster) }
})
