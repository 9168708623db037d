/** The outcome of an export: its counts, its requests, and the content of its sinks. */
import type { JobSink } from "@labelstream/core"
import type { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ClusterExport } from "../../src/index.ts"

/** The counts of the first batch. */
export const countsOf = ({ report }: ClusterExport.Status) => {
  const [batch] = report.batches
  if (batch === undefined) return undefined
  const { exported, failed, remaining, listed, skipped, unchanged, unfinished } = batch
  return { listed, exported, unchanged, unfinished, failed, remaining, skipped }
}

export const none = { listed: 0, exported: 0, unchanged: 0, unfinished: 0, failed: 0, remaining: 0, skipped: 0 }

/** How many requests for results of jobs the platform has received. */
export const askedFor = (simulator: Simulator.Running) =>
  Effect.map(simulator.report, ({ jobs = {} }) => Object.values(jobs).reduce((sum, { job = 0 }) => sum + job, 0))

/** How many jobs a sink holds intact, by its own records. */
export const heldBy = (sink: JobSink.JobSink) =>
  Effect.map(
    Stream.runCollect(Stream.flattenIterable(sink.inspect("content"))),
    (found) => found.filter(({ _tag }) => _tag === "Intact").length
  )
