/** What an export on a cluster waits for, so that neither progress nor status is silent about it. */
import type { ClusterExport } from "@labelstream/cluster"
import { onOneLine } from "@labelstream/core/PlainText"
import type * as Runner from "effect/cluster/Runner"

/** The runners in the database, and whether each responds. */
export type Members = ReadonlyArray<readonly [runner: Runner.Runner, responds: boolean]>

export const addressOf = ({ address }: Runner.Runner): string => `${address.host}:${address.port}`

/** Returns why an export waits; undefined if it has ended or its jobs are in progress. */
export const waitsFor = (
  { report, state, waitsFor }: ClusterExport.Status,
  members: Members
): string | undefined => {
  if (state !== "running") return undefined
  if (!members.some(([, responds]) => responds)) return "waiting for a runner"
  if (waitsFor !== null) return onOneLine(waitsFor)
  const silent = members.filter(([, responds]) => !responds).map(([runner]) => addressOf(runner))
  if (silent.length > 0) return `waiting until other runners take over from ${silent.join(" and ")}, not responding`
  const isDone = report.batches.length > 0 &&
    report.batches.every(({ isListed, listingError, remaining }) =>
      (isListed || listingError !== null) && remaining === 0
    )
  return isDone ? "publishing what the runners stored" : undefined
}
