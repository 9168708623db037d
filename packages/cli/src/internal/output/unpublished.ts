import { ExportReport, type JobSink } from "@labelstream/core"
import * as Effect from "effect/Effect"
import type { Settings } from "../settings/settings.ts"
import { make } from "../settings/sinkTargets.ts"
import { bundledTargets } from "../settings/storedTargets.ts"

/** Returns a line for each sink with unpublished branches, which says who has them open. */
export const unpublishedIn = Effect.fnUntraced(function*(sinks: ReadonlyArray<JobSink.JobSink>) {
  const lines: Array<string> = []
  for (const { branches, id } of sinks) {
    const found = branches === undefined ? [] : yield* branches.list
    if (found.length > 0) lines.push(`${id}: ${ExportReport.describeBranches(found)}`)
  }
  return lines
})

/**
 * Returns the same lines for the sinks of the settings, or else for those in the ledger, which does not record branches. Skips
 * sinks that cannot be read.
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
