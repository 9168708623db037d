import { ClusterError, ClusterExport } from "@labelstream/cluster"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Outcome } from "../failure.ts"
import * as Screen from "../output/screen.ts"
import { type SettingFlags, settingsOf } from "../settings/flags.ts"
import { resolveSettings } from "../settings/settings.ts"
import { clusterOf, stores } from "./clusterClient.ts"

export interface StopFlags extends SettingFlags {
  readonly config: Option.Option<string>
  readonly id: string
}

/** Stops an export of a cluster. */
export const run = Effect.fnUntraced(function*({ id, ...flags }: StopFlags): Outcome {
  const settings = yield* resolveSettings(settingsOf(flags), Option.getOrUndefined(flags.config))
  const url = yield* clusterOf(settings)
  const state = yield* Effect.provide(
    Effect.flatMap(
      ClusterExport.stop(id),
      (isRunning) =>
        isRunning ? Effect.succeed("running") : Effect.map(ClusterExport.status(id), (status) => status.state)
    ),
    stores(url)
  )
  if (state !== "running") {
    return yield* new ClusterError.ClusterError({ reason: "refused", detail: `Export ${id} has ended: ${state}` })
  }
  Screen.say("stdout", `Export ${id} stops: its jobs in flight are finished first`)
  return 0
})
