import { GtStudio, type GtStudioError } from "@labelstream/core"
import { onOneLine } from "@labelstream/core/PlainText"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as JsonOutput from "../../JsonOutput.ts"
import type { Outcome } from "../failure.ts"
import { table } from "../output/columns.ts"
import * as Screen from "../output/screen.ts"
import { count } from "../output/text.ts"
import { platformReadOnly, projectOf, withHost } from "../platform.ts"
import { type SettingFlags, settingsOf } from "../settings/flags.ts"
import { resolveSettings } from "../settings/settings.ts"

interface Flags extends SettingFlags {
  readonly config: Option.Option<string>
  readonly json: boolean
}

const shown = (value: number | null) => value === null ? "?" : count(value)

/** The batches of a project, for programs. */
export const batchesObject = (
  projectId: string
): Effect.Effect<typeof JsonOutput.Batches.Type, GtStudioError.GtStudioError, GtStudio.GtStudio> =>
  Effect.map(
    GtStudio.GtStudio.use((gtStudio) => gtStudio.project(projectId)),
    ({ batches, name }) => ({
      project_id: projectId,
      name,
      batches: batches.map((batch) => ({
        batch_id: batch.id,
        name: batch.name,
        status: batch.status,
        jobs: batch.totalJobs,
        completed: batch.completedJobs,
        annotations: batch.annotations,
        created_at: batch.createdAt
      }))
    })
  )

export const run = Effect.fnUntraced(function*(flags: Flags): Outcome {
  const settings = yield* resolveSettings(settingsOf(flags), Option.getOrUndefined(flags.config))
  const projectId = yield* projectOf(settings)
  const object = yield* batchesObject(projectId).pipe(Effect.provide(platformReadOnly(settings)), withHost(settings))
  if (flags.json) {
    Screen.say("stdout", JSON.stringify(object))
    return 0
  }
  if (object.batches.length === 0) {
    Screen.say("stdout", onOneLine(`Project ${projectId} has no batches: there is nothing to export`))
    return 0
  }
  const rows = object.batches.map(({ batch_id, completed, jobs, name, status }) => [
    onOneLine(batch_id),
    shown(jobs),
    shown(completed),
    onOneLine(status ?? ""),
    onOneLine(name ?? "")
  ])
  Screen.say("stdout", table([["BATCH", "JOBS", "COMPLETED", "STATUS", "NAME"], ...rows]).join("\n"))
  return 0
})
