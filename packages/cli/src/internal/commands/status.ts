import { Ledger } from "@labelstream/core"
import { onOneLine } from "@labelstream/core/PlainText"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { commandLine } from "../commandLine.ts"
import type { Outcome } from "../failure.ts"
import { beforeForeignCode } from "../handOver.ts"
import { table } from "../output/columns.ts"
import * as LedgerSummary from "../output/ledgerSummary.ts"
import * as Screen from "../output/screen.ts"
import { bytes, count, counted, jobs } from "../output/text.ts"
import { unpublishedOf } from "../output/unpublished.ts"
import { ledgerReadOnly } from "../platform.ts"
import { type SettingFlags, settingsOf } from "../settings/flags.ts"
import { unknownBatches } from "../settings/knownBatches.ts"
import { resolveSettings } from "../settings/settings.ts"

interface Flags extends SettingFlags {
  readonly config: Option.Option<string>
  readonly json: boolean
}

const most = 20

export const run = Effect.fnUntraced(function*(flags: Flags): Outcome {
  const settings = yield* resolveSettings(settingsOf(flags), Option.getOrUndefined(flags.config))
  if (settings.cluster !== undefined) {
    yield* beforeForeignCode
    const { show } = yield* Effect.promise(() => import("../cluster/clusterStatus.ts"))
    return yield* show(settings, flags.json)
  }
  const named = flags.batches ?? []
  const { batches, failures, known, sinks } = yield* Effect.provide(LedgerSummary.read(named), ledgerReadOnly(settings))
  const unknown = unknownBatches(settings.ledgerName, named, known)
  if (unknown !== undefined) return yield* unknown
  const unpublished = yield* unpublishedOf(settings, sinks)
  if (flags.json) {
    Screen.say(
      "stdout",
      JSON.stringify(LedgerSummary.object(settings.ledger, { batches, failures, sinks }, unpublished))
    )
    return 0
  }
  if (batches.length === 0) {
    Screen.say("stdout", `${settings.ledgerName} has no jobs yet. To export some, run: ${commandLine(["export"])}`)
    return 0
  }
  // Those in which something failed first, since a long list is cut.
  const shown = [...batches].sort((a, b) => b.stages.failed - a.stages.failed).slice(0, most)
  const rows = shown.map(({ batchId, jobs, stages }) => [
    onOneLine(batchId),
    ...[jobs, stages.stored, stages.unfinished, stages.failed, stages.pending].map(count)
  ])
  const lines = [
    `${settings.ledgerName}:`,
    ...table([["BATCH", "JOBS", "STORED", "UNFINISHED", "FAILED", "NOT FETCHED"], ...rows]),
    ...(batches.length > most ? [`and ${counted(batches.length - most, "more batch", "more batches")}`] : []),
    ...sinks.map(({ bytes: size, sink, stored }) => `Stored ${jobs(stored)}, ${bytes(size)}: ${onOneLine(sink)}`),
    ...unpublished.map(onOneLine),
    ...(failures.length === 0 ? [] : ["Failed:"]),
    ...failures.slice(0, most).flatMap((failure) => [
      `  ${count(failure.count)} × ${failure.cause}, such as job ${
        onOneLine(`${failure.example.jobId} of batch ${failure.example.batchId}`)
      }`,
      `      ${onOneLine(failure.example.message)}`,
      `      ${Ledger.outlook(failure)}`
    ]),
    ...(failures.length === 0
      ? []
      : [`To retry them all now, run: ${commandLine(["retry"])} with the flags of the export`])
  ]
  Screen.say("stdout", lines.join("\n"))
  return 0
})
