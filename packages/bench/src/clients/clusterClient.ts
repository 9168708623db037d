/** An export to files by a cluster of so many runners, which are there before the time is taken. */
import type { Run } from "../harness/client.ts"
import { type ClusterSpec, exportBatch, startRunners } from "../support/clusterRunners.ts"

interface Spec extends ClusterSpec {
  readonly runners: number
}

export const run: Run<Spec> = async (spec, stopwatch) => {
  const runners = await startRunners(spec, spec.runners)
  const { report, state } = await exportBatch(spec, stopwatch)
  const taken = await Promise.all(runners.map(({ leave }) => leave()))
  const [batch] = report.batches
  if (state !== "completed" || !report.complete || batch === undefined) throw new Error("the export is not complete")
  const total = (of: (measurement: (typeof taken)[number]) => number) =>
    taken.reduce((sum, measurement) => sum + of(measurement), 0)
  return { jobs: batch.listed, exported: batch.exported, runnersCpu: total(({ cpu }) => cpu) }
}
