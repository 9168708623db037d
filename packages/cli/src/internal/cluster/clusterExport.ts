import type { ExportRequest } from "@labelstream/cluster"
import type { Export } from "@labelstream/core"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as CommandLine from "../commandLine.ts"
import { type Outcome, SettingsError } from "../failure.ts"
import { batchesOf, namedBatches, platform, withHost } from "../platform.ts"
import { needDistinctTargets } from "../settings/distinctTargets.ts"
import type { Settings } from "../settings/settings.ts"
import { inFull, labelOf, needSome } from "../settings/sinkTargets.ts"
import { client, clusterOf } from "./clusterClient.ts"
import * as ClusterProgram from "./clusterProgram.ts"

const modes = { New: "new", Refresh: "refresh", Retry: "retry" } as const

/** Returns the request of the settings. Asks the platform only if all its batches are meant. */
const requestOf = Effect.fnUntraced(function*(settings: Settings, selection: Export.Selection) {
  if (settings.follow !== undefined) {
    return yield* new SettingsError({
      message: "A cluster does not follow a batch: leave --follow out, and run the export again for new jobs"
    })
  }
  if (selection._tag === "Refresh" && (selection.jobs !== undefined || selection.checkedBefore !== undefined)) {
    return yield* new SettingsError({
      message: "A cluster refreshes all jobs of a batch: --job and --checked-before are for a run without --cluster"
    })
  }
  if (settings.sizes !== undefined) {
    return yield* new SettingsError({
      message:
        "A cluster does not look for sizes of images: leave out --sizes and its setting. After the export, run " +
        "labelstream refresh --sizes without a cluster"
    })
  }
  yield* needSome(settings.to)
  yield* needDistinctTargets(settings)
  const batches = settings.allBatches
    ? yield* batchesOf(settings).pipe(Effect.provide(platform(settings)), withHost(settings))
    : yield* namedBatches(settings)
  const request: ExportRequest.ExportRequest = {
    platform: settings.baseUrl,
    batches,
    sinks: yield* Effect.forEach(settings.to, inFull),
    mode: modes[selection._tag],
    attachments: settings.attachments,
    statuses: settings.status,
    labels: settings.label,
    limit: settings.limit ?? null
  }
  return request
})

/** Hands an export in and stays until it has ended. */
export const runOn = Effect.fnUntraced(function*(
  settings: Settings,
  selection: Export.Selection,
  shown: { readonly json: boolean; readonly block: boolean }
): Outcome<Scope.Scope> {
  const request = yield* requestOf(settings, selection)
  return yield* ClusterProgram.run({
    request,
    where: settings.to.map(labelOf).join(", "),
    again: CommandLine.again(),
    retry: CommandLine.retry(),
    stop: CommandLine.stop,
    ...shown
  }).pipe(Effect.provide(client(yield* clusterOf(settings))))
})
