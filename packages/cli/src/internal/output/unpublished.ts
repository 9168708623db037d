import { ExportReport, type JobSink } from "@labelstream/core"
import * as Effect from "effect/Effect"
import type { Settings } from "../settings/settings.ts"
import { make } from "../settings/sinkTargets.ts"
import { bundledTargets } from "../settings/storedTargets.ts"

/** Names the sinks of which some writer's branch is not published, and who holds it: a line for each. */
export const unpublishedIn = Effect.fnUntraced(function*(sinks: ReadonlyArray<JobSink.JobSink>) {
  const lines: Array<string> = []
  for (const { branches, id } of sinks) {
    const found = branches === undefined ? [] : yield* branches.list
    if (found.length > 0) lines.push(`${id}: ${ExportReport.describeBranches(found)}`)
  }
  return lines
})

/**
 * The same of the sinks that settings name, or else of those in the ledger, which says nothing of branches. A sink that
 * cannot be read is not named.
 */
export const unpublishedOf = ({ to }: Settings, sinks: ReadonlyArray<{ readonly sink: string }>) =>
  Effect.map(
    Effect.forEach(to.length > 0 ? to : bundledTargets(sinks), (target) =>
      make(target).pipe(
        Effect.flatMap((sink) => unpublishedIn([sink])),
        Effect.orElseSucceed((): ReadonlyArray<string> => [])
      )),
    (lines) => lines.flat()
  )
