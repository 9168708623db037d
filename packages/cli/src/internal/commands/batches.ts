import { GtStudio } from "@labelstream/core"
import { onOneLine } from "@labelstream/core/PlainText"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Outcome } from "../failure.ts"
import { table } from "../output/columns.ts"
import * as Screen from "../output/screen.ts"
import { count } from "../output/text.ts"
import { impatient, platform, projectOf, withHost } from "../platform.ts"
import { type SettingFlags, settingsOf } from "../settings/flags.ts"
import { resolveSettings } from "../settings/settings.ts"

interface Flags extends SettingFlags {
  readonly config: Option.Option<string>
  readonly json: boolean
}

const shown = (value: number | null) => value === null ? "?" : count(value)

export const run = Effect.fnUntraced(function*(flags: Flags): Outcome {
  const settings = yield* resolveSettings(settingsOf(flags), Option.getOrUndefined(flags.config))
  const projectId = yield* projectOf(settings)
  const { batches, name } = yield* GtStudio.GtStudio.use((gtStudio) => gtStudio.project(projectId)).pipe(
    Effect.provide(platform(settings, impatient)),
    withHost(settings)
  )
  if (flags.json) {
    const of = batches.map((batch) => ({
      batch_id: batch.id,
      name: batch.name,
      status: batch.status,
      jobs: batch.totalJobs,
      completed: batch.completedJobs,
      annotations: batch.annotations,
      created_at: batch.createdAt
    }))
    Screen.say("stdout", JSON.stringify({ project_id: projectId, name, batches: of }))
    return 0
  }
  if (batches.length === 0) {
    Screen.say("stdout", onOneLine(`Project ${projectId} has no batches: there is nothing to export`))
    return 0
  }
  const rows = batches.map((batch) => [
    onOneLine(batch.id),
    shown(batch.totalJobs),
    shown(batch.completedJobs),
    onOneLine(batch.status ?? ""),
    onOneLine(batch.name ?? "")
  ])
  Screen.say("stdout", table([["BATCH", "JOBS", "COMPLETED", "STATUS", "NAME"], ...rows]).join("\n"))
  return 0
})
