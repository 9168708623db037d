import type { Export } from "@labelstream/core"
import { NodeTelemetry } from "@labelstream/node"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as ExportProgram from "../../ExportProgram.ts"
import * as CommandLine from "../commandLine.ts"
import type { Failure } from "../failure.ts"
import { type SettingFlags, settingsOf } from "../flags.ts"
import { batchesOf, ledger, platform, withHost } from "../platform.ts"
import { resolveSettings, type Settings } from "../settings.ts"
import { labelOf, makeAll } from "../sinks.ts"
import { version } from "../version.ts"

interface Flags extends SettingFlags {
  readonly config: Option.Option<string>
  readonly json: boolean
  readonly otlp: Option.Option<string>
  readonly prometheus: Option.Option<string>
  readonly logFormat: "text" | "json"
}

/** Where the run tells of itself. */
const telemetryOf = ({ logFormat, otlp, prometheus }: Flags) =>
  NodeTelemetry.layer({
    ...(Option.isNone(otlp) ? {} : { otlp: { url: otlp.value, version } }),
    ...(Option.isNone(prometheus) ? {} : { prometheus: { file: prometheus.value } }),
    ...(logFormat === "json" ? { logFormat } : {})
  })

/** The jobs that `--status` and `--label` name. */
export const filterOf = ({ label, status }: Settings): Pick<Export.Options, "wanted" | "wantedResult"> => {
  const statuses = new Set(status.map((word) => word.toLowerCase()))
  const labels = new Set(label)
  return {
    ...(statuses.size === 0 ? {} : { wanted: (job) => statuses.has(job.status.toLowerCase()) }),
    ...(labels.size === 0 ? {} : {
      wantedResult: (document, job) =>
        document.rows(job).pipe(
          Stream.filter(({ rows }) => rows.some((row) => labels.has(row.label))),
          Stream.runHead,
          Effect.map(Option.isSome)
        )
    })
  }
}

const prepare = Effect.fnUntraced(function*(flags: Flags) {
  const settings = yield* resolveSettings(settingsOf(flags), Option.getOrUndefined(flags.config))
  const sinks = yield* makeAll(settings.to)
  // Whether the state can be written is known without the network, so it is told first.
  const written = yield* Layer.build(ledger(settings))
  const reached = yield* Layer.build(platform(settings))
  const batches = yield* batchesOf(settings).pipe(Effect.provide(reached), withHost(settings))
  return { settings, sinks, batches, context: Context.merge(written, reached) }
})

/** Runs an export of the selected jobs and answers its exit status. */
export const runSelection = (flags: Flags, selection: Export.Selection): Effect.Effect<number, Failure> =>
  Effect.scoped(Effect.gen(function*() {
    const { batches, context, settings, sinks } = yield* Effect.tapError(
      prepare(flags),
      () => flags.json ? ExportProgram.printEmpty : Effect.void
    )
    const { attachments, concurrency, follow, limit, to } = settings
    return yield* ExportProgram.run({
      export: {
        batches,
        sinks,
        selection,
        attachments,
        concurrency,
        ...filterOf(settings),
        ...(limit === undefined ? {} : { limit }),
        ...(follow === undefined ? {} : { follow: { interval: follow * 1000 } })
      },
      where: to.map(labelOf).join(", "),
      again: CommandLine.again(),
      retry: CommandLine.retry(),
      json: flags.json,
      block: flags.logFormat === "text"
    }).pipe(Effect.provide(context))
  })).pipe(Effect.provide(telemetryOf(flags)))

export const run = (flags: Flags & { readonly refresh: boolean }): Effect.Effect<number, Failure> =>
  runSelection(flags, { _tag: flags.refresh ? "Refresh" : "New" })
