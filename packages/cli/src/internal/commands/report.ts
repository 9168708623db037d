import { onOneLine } from "@labelstream/core/PlainText"
import { HtmlReport } from "@labelstream/report"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { renameSync, writeFileSync } from "node:fs"
import { commandLine } from "../commandLine.ts"
import { type Outcome, SettingsError } from "../failure.ts"
import * as LedgerSummary from "../output/ledgerSummary.ts"
import * as Screen from "../output/screen.ts"
import { bytes } from "../output/text.ts"
import { ledgerReadOnly } from "../platform.ts"
import { type SettingFlags, settingsOf } from "../settings/flags.ts"
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

/** Whoever has the page open never sees half of it. */
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

export const run = Effect.fnUntraced(function*(flags: Flags): Outcome {
  const settings = yield* resolveSettings(settingsOf({ ...flags, batches: [] }), Option.getOrUndefined(flags.config))
  const named = flags.batches ?? []
  const page = yield* Effect.gen(function*() {
    const sinks = yield* makeAll(yield* targetsOf(settings))
    const { batches } = yield* LedgerSummary.read(named)
    const unknown = named.filter((id) => !batches.some(({ batchId }) => batchId === id))
    if (unknown.length > 0) {
      return yield* new SettingsError({
        message: `${settings.ledgerName} knows no batch ${unknown.join(", ")}. To see those that it knows, run: ` +
          commandLine(["status"])
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
