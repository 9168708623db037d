import { GtStudio, Ledger } from "@labelstream/core"
import { onOneLine, plain } from "@labelstream/core/PlainText"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { existsSync } from "node:fs"
import type * as JsonOutput from "../../JsonOutput.ts"
import { type Outcome, SettingsError } from "../failure.ts"
import { didYouMean } from "../output/didYouMean.ts"
import { freeAt, pathIn } from "../output/disk.ts"
import * as Screen from "../output/screen.ts"
import { bytes, counted } from "../output/text.ts"
import { batchesOf, ledgerReadOnly, namedBatches, platformReadOnly, projectOf } from "../platform.ts"
import { needDistinctTargets } from "../settings/distinctTargets.ts"
import { type SettingFlags, settingsOf } from "../settings/flags.ts"
import { resolveSettings, type Settings } from "../settings/settings.ts"
import { labelOf, make, needSome } from "../settings/sinkTargets.ts"

interface Flags extends SettingFlags {
  readonly config: Option.Option<string>
  readonly json: boolean
}

interface Finding {
  readonly what: string
  readonly ok: boolean
  readonly said: string
}

const finding = <R>(what: string, look: Effect.Effect<string, { readonly message: string }, R>) =>
  Effect.map(Effect.result(look), (result): Finding =>
    result._tag === "Success"
      ? { what, ok: true, said: result.success }
      : { what, ok: false, said: result.failure.message })

const checkPlatform = Effect.fnUntraced(function*(settings: Settings) {
  if (settings.allBatches) {
    const batches = yield* batchesOf(settings)
    const found = new Set(batches.map(({ projectId }) => projectId))
    const projects = found.size === 1 ? `project ${[...found].join()} has` : `${found.size} projects have`
    return `the key is accepted; ${projects} ${counted(batches.length, "batch", "batches")}`
  }
  const projectId = yield* projectOf(settings)
  const { batches, name } = yield* GtStudio.GtStudio.use((gtStudio) => gtStudio.project(projectId))
  const missing = settings.batches.filter((id) => !batches.some((batch) => batch.id === id))
  if (missing.length > 0) {
    const meant = missing.map((id) => didYouMean(id, batches.map((batch) => batch.id))).join("")
    return yield* new SettingsError({
      message: `the key is accepted, but project ${projectId} has no batch ${missing.join(", ")}.${meant}`
    })
  }
  if (batches.length === 0) {
    return yield* new SettingsError({ message: `the key is accepted, but project ${projectId} has no batches` })
  }
  const asked = yield* namedBatches(settings)
  return `the key is accepted; project ${name ?? projectId} has ${
    counted(batches.length, "batch", "batches")
  }, ${asked.length} of them named`
})

const checkSink = (place: Settings["to"][number]) =>
  Effect.gen(function*() {
    const sink = yield* make(place)
    yield* sink.check
    const path = pathIn(sink.id)
    const free = path === undefined ? undefined : freeAt(path)
    return `can be written${free === undefined ? "" : `, ${bytes(free)} free`}`
  })

const checkLedger = Effect.fnUntraced(function*(settings: Settings) {
  if (!existsSync(settings.ledger)) return "does not exist yet; the first run creates it"
  yield* Ledger.Ledger.use((ledger) => Stream.runHead(ledger.entries({}))).pipe(
    Effect.provide(ledgerReadOnly(settings))
  )
  return "can be read"
})

export const run = Effect.fnUntraced(function*(flags: Flags): Outcome {
  const settings = yield* resolveSettings(settingsOf(flags), Option.getOrUndefined(flags.config))
  const sinks = settings.to.length === 0
    ? [yield* finding("sinks", Effect.as(needSome(settings.to), ""))]
    : yield* Effect.forEach(settings.to, (place) => finding(`sink ${labelOf(place)}`, checkSink(place)))
  // If a sink cannot be used, its target says nothing more.
  const targets = sinks.every(({ ok }) => ok)
    ? yield* finding("targets", Effect.as(needDistinctTargets(settings), ""))
    : undefined
  const findings = [
    { what: "settings", ok: true, said: settings.file ?? "from flags and environment, no file" },
    yield* finding(
      `platform ${settings.baseUrl}`,
      Effect.provide(checkPlatform(settings), platformReadOnly(settings))
    ),
    ...sinks,
    ...(targets === undefined || targets.ok ? [] : [targets]),
    yield* finding(`ledger ${settings.ledgerName}`, checkLedger(settings))
  ]
  const ok = findings.every((each) => each.ok)
  if (flags.json) {
    const object: typeof JsonOutput.Check.Type = { ok, findings }
    Screen.say("stdout", JSON.stringify(object))
  } else {
    const lines = findings.map(({ ok, said, what }) => `${ok ? "ok " : "BAD"}  ${onOneLine(what)}: ${plain(said)}`)
    Screen.say("stdout", lines.join("\n"))
  }
  return ok ? 0 : 1
})
