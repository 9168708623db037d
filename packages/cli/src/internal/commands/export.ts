import { type Export, type GtStudio, type Job, Ledger, Selection } from "@labelstream/core"
import { onOneLine } from "@labelstream/core/PlainText"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as ExportProgram from "../../ExportProgram.ts"
import * as CommandLine from "../commandLine.ts"
import { type Failure, SettingsError } from "../failure.ts"
import { beforeForeignCode } from "../handOver.ts"
import { batchesOf, ledger, platform, withHost } from "../platform.ts"
import { needDistinctTargets } from "../settings/distinctTargets.ts"
import { type SettingFlags, settingsOf } from "../settings/flags.ts"
import { sizesOf } from "../settings/imageSizes.ts"
import { resolveSettings, type Settings } from "../settings/settings.ts"
import { labelOf, makeAll } from "../settings/sinkTargets.ts"
import { type TelemetryFlags, telemetryOf } from "../telemetry.ts"

interface Flags extends SettingFlags, TelemetryFlags {
  readonly config: Option.Option<string>
  readonly json: boolean
}

/** The jobs that `--status` and `--label` name. */
export const filterOf = ({ label, status }: Settings): Pick<Export.Options, "filter" | "filterResult"> =>
  Selection.filterOf({ labels: label, statuses: status })

/** Opens everything that an export by these settings needs. Fails before it uses the network if it can. */
export const prepare = Effect.fnUntraced(function*(settings: Settings): Effect.fn.Return<
  {
    readonly options: Export.Options
    readonly context: Context.Context<GtStudio.GtStudio | Ledger.Ledger>
  },
  Failure,
  Scope.Scope
> {
  yield* needDistinctTargets(settings)
  const sinks = yield* makeAll(settings.to)
  const sizes = yield* sizesOf(settings)
  // Whether the ledger can be written is known without the network, so it comes first.
  const written = yield* Layer.build(ledger(settings))
  const reached = yield* Layer.build(platform(settings))
  const batches = yield* batchesOf(settings).pipe(Effect.provide(reached), withHost(settings))
  const { attachments, concurrency, limit } = settings
  return {
    options: {
      batches,
      sinks,
      attachments,
      ...sizes,
      ...(concurrency === undefined ? {} : { concurrency }),
      ...filterOf(settings),
      ...(limit === undefined ? {} : { limit })
    },
    context: Context.merge(written, reached)
  }
})

const noRepair = new SettingsError({
  message:
    "A cluster cannot repair, because each runner sees only a part of the stored jobs. Stop the runners, unset " +
    "LABELSTREAM_CLUSTER, leave out --cluster, and run the same command"
})

/** Warns of batches without a job in the ledger: they have nothing to retry. Fails if no batch has a job there. */
const needKnown = Effect.fnUntraced(function*(batches: ReadonlyArray<Job.BatchRef>, { ledgerName }: Settings) {
  const ledger = yield* Ledger.Ledger
  const unknown = yield* Effect.filter(
    batches,
    (batch) => Effect.map(ledger.counts(batch), (counts) => Object.values(counts).every((jobs) => jobs === 0))
  )
  if (unknown.length === 0) return
  const names = onOneLine(unknown.map(({ batchId }) => batchId).join(", "))
  const message = `${ledgerName} has no job of batch ${names}, so there is nothing to retry. To export it, run: ` +
    CommandLine.other("export")
  if (unknown.length === batches.length) return yield* new SettingsError({ message })
  yield* Effect.logWarning(message)
})

/** Runs the export on a cluster. */
const runOnCluster = Effect.fnUntraced(function*(flags: Flags, settings: Settings, selection: Export.Selection) {
  yield* beforeForeignCode
  const { runOn } = yield* Effect.promise(() => import("../cluster/clusterExport.ts"))
  return yield* runOn(settings, selection, { json: flags.json, block: flags.logFormat === "text" })
})

/** Runs an export of the selected jobs, and returns its exit status. */
export const runSelection = (
  flags: Flags,
  selection: Export.Selection,
  repair = false
): Effect.Effect<number, Failure> =>
  Effect.scoped(Effect.gen(function*() {
    /** With --json, a run that cannot begin prints an object too: a program waits for it. */
    const answered = <A, R>(effect: Effect.Effect<A, Failure, R>) =>
      Effect.tapError(effect, () => flags.json ? ExportProgram.printEmpty : Effect.void)
    const settings = yield* answered(resolveSettings(settingsOf(flags), Option.getOrUndefined(flags.config)))
    if (settings.cluster !== undefined) {
      return yield* answered(repair ? Effect.fail(noRepair) : runOnCluster(flags, settings, selection))
    }
    const { context, options } = yield* answered(prepare(settings))
    if (selection._tag === "Retry" && !settings.allBatches) {
      yield* answered(Effect.provide(needKnown(options.batches, settings), context))
    }
    const { follow, to } = settings
    return yield* ExportProgram.run({
      export: {
        ...options,
        selection,
        repair,
        ...(follow === undefined ? {} : { follow: { interval: follow * 1000 } })
      },
      where: to.map(labelOf).join(", "),
      again: CommandLine.again(),
      retry: CommandLine.retry(),
      asked: { statuses: settings.status, labels: settings.label },
      json: flags.json,
      block: flags.logFormat === "text"
    }).pipe(Effect.provide(context))
  })).pipe(Effect.provide(telemetryOf(flags)))

export const run = (
  flags: Flags & { readonly refresh: boolean; readonly repair: boolean }
): Effect.Effect<number, Failure> => runSelection(flags, { _tag: flags.refresh ? "Refresh" : "New" }, flags.repair)
