import { onOneLine } from "@labelstream/core/PlainText"
import { HtmlReport } from "@labelstream/report"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { existsSync, renameSync, writeFileSync } from "node:fs"
import { type Outcome, SettingsError } from "../failure.ts"
import { didYouMean } from "../output/didYouMean.ts"
import { pathIn } from "../output/disk.ts"
import * as LedgerSummary from "../output/ledgerSummary.ts"
import * as Screen from "../output/screen.ts"
import { bytes } from "../output/text.ts"
import { ledgerReadOnly } from "../platform.ts"
import { type SettingFlags, settingsOf } from "../settings/flags.ts"
import { unknownBatches } from "../settings/knownBatches.ts"
import { fromHome } from "../settings/paths.ts"
import { resolveSettings } from "../settings/settings.ts"
import { makeAll } from "../settings/sinkTargets.ts"
import { targetsOf } from "../settings/storedTargets.ts"

interface Flags extends SettingFlags {
  readonly config: Option.Option<string>
  readonly out: string
  readonly title: Option.Option<string>
  readonly gallery: number
}

/** Readers of an open page never see half of it. */
const write = (file: string, page: string) =>
  Effect.try({
    try: () => {
      const half = `${file}.${process.pid}.tmp`
      writeFileSync(half, page)
      renameSync(half, file)
    },
    catch: (cause) =>
      new SettingsError({
        message: `${file} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`
      })
  })

/** Whether something is there that may have been moved from where the ledger has it. */
const hasStored = (sinkId: string): boolean => {
  const path = pathIn(sinkId)
  return path === undefined || existsSync(path)
}

export const run = Effect.fnUntraced(function*(flags: Flags): Outcome {
  if (flags.gallery < 0 || flags.gallery > HtmlReport.mostDrawn) {
    return yield* new SettingsError({
      message: `--gallery ${flags.gallery}: expected a whole number from 0 to ${HtmlReport.mostDrawn}`
    })
  }
  const settings = yield* resolveSettings(settingsOf({ ...flags, batches: [] }), Option.getOrUndefined(flags.config))
  const named = flags.batches ?? []
  const page = yield* Effect.gen(function*() {
    const sinks = yield* makeAll(yield* targetsOf(settings))
    const { batches, known, sinks: stored } = yield* LedgerSummary.read(named)
    const unknown = unknownBatches(settings.ledgerName, named, known)
    if (unknown !== undefined) return yield* unknown
    const unused = sinks.find(({ id }) => !stored.some(({ sink }) => sink === id) && !hasStored(id))
    if (unused !== undefined) {
      const places = stored.map(({ sink }) => sink)
      return yield* new SettingsError({
        message: onOneLine(
          `Nothing is stored in ${unused.id}.${didYouMean(unused.id, places)} ${settings.ledgerName} has jobs in: ` +
            (places.length === 0 ? "no sink" : places.join(", "))
        )
      })
    }
    return yield* HtmlReport.make({
      sinks,
      gallery: flags.gallery,
      ...(named.length === 0 ? {} : { batches }),
      ...(Option.isNone(flags.title) ? {} : { title: flags.title.value })
    })
  }).pipe(Effect.provide(ledgerReadOnly(settings)))
  yield* write(fromHome(flags.out), page)
  Screen.say("stdout", onOneLine(`Wrote ${flags.out}, ${bytes(Buffer.byteLength(page))}: open it in a browser`))
  return 0
})
