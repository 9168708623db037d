import { onOneLine } from "@labelstream/core/PlainText"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { commandLine } from "../commandLine.ts"
import { type Outcome, SettingsError } from "../failure.ts"
import { beforeForeignCode } from "../handOver.ts"
import { table } from "../output/columns.ts"
import * as LedgerSummary from "../output/ledgerSummary.ts"
import * as Screen from "../output/screen.ts"
import { bytes, count, jobs } from "../output/text.ts"
import { ledgerReadOnly } from "../platform.ts"
import { type SettingFlags, settingsOf } from "../settings/flags.ts"
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
  const { batches, failures, sinks } = yield* Effect.provide(
    LedgerSummary.read(flags.batches ?? []),
    ledgerReadOnly(settings)
  )
  const unknown = (flags.batches ?? []).filter((id) => !batches.some(({ batchId }) => batchId === id))
  if (unknown.length > 0) {
    return yield* new SettingsError({
      message: `${settings.ledgerName} knows no batch ${unknown.join(", ")}. To see those that it knows, run: ` +
        commandLine(["status"])
    })
  }
  if (flags.json) {
    const of = batches.map(({ batchId, jobs, projectId, stages }) => ({
      project_id: projectId,
      batch_id: batchId,
      jobs,
      ...stages
    }))
    Screen.say("stdout", JSON.stringify({ ledger: settings.ledger, batches: of, failures, sinks }))
    return 0
  }
  if (batches.length === 0) {
    Screen.say("stdout", `${settings.ledgerName} knows of no job yet. To export some, run: ${commandLine(["export"])}`)
    return 0
  }
  // Those in which something failed first, since a long list is cut.
  const shown = [...batches].sort((a, b) => b.stages.failed - a.stages.failed).slice(0, most)
  const rows = shown.map(({ batchId, jobs, stages }) => [
    onOneLine(batchId),
    ...[jobs, stages.stored, stages.unfinished, stages.failed, stages.pending].map(count)
  ])
  const lines = [
    `What ${settings.ledgerName} knows:`,
    ...table([["BATCH", "JOBS", "STORED", "UNFINISHED", "FAILED", "NOT FETCHED"], ...rows]),
    ...(batches.length > most ? [`and ${batches.length - most} more batches`] : []),
    ...sinks.map(({ bytes: size, sink, stored }) => `Stored ${jobs(stored)}, ${bytes(size)}: ${onOneLine(sink)}`),
    ...(failures.length === 0 ? [] : ["Failed:"]),
    ...failures.slice(0, most).flatMap(({ cause, count: times, example }) => [
      `  ${count(times)} × ${cause}, such as job ${onOneLine(example.jobId)} of batch ${onOneLine(example.batchId)}`,
      `      ${onOneLine(example.message)}`
    ]),
    ...(failures.length === 0 ? [] : [`To try them again: ${commandLine(["retry"])} with the flags of the export`])
  ]
  Screen.say("stdout", lines.join("\n"))
  return 0
})
