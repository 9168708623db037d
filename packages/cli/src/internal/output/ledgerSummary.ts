import { type ExportReport, Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** One batch as the ledger knows it. */
export interface KnownBatch {
  readonly projectId: string
  readonly batchId: string
  jobs: number
  readonly stages: Record<Ledger.JobStage, number>
}

interface FailedJobs extends Omit<ExportReport.FailureGroup, "count" | "example"> {
  count: number
  readonly example: { readonly batchId: string; readonly jobId: string; readonly message: string }
}

/** What the ledger knows of all batches, or of those that are named. */
export const read = Effect.fnUntraced(function*(only: ReadonlyArray<string>) {
  const ledger = yield* Ledger.Ledger
  const batches = new Map<string, KnownBatch>()
  const sinks = new Map<string, { readonly sink: string; stored: number; bytes: number }>()
  const failures = new Map<string, FailedJobs>()
  const names = new Set(only)
  yield* Stream.runForEach(ledger.entries({}), (entries) =>
    Effect.sync(() => {
      for (const { batchId, error, jobId, projectId, receipts, stage } of entries) {
        if (names.size > 0 && !names.has(batchId)) continue
        const key = JSON.stringify([projectId, batchId])
        const batch = batches.get(key) ??
          { projectId, batchId, jobs: 0, stages: { pending: 0, unfinished: 0, stored: 0, failed: 0 } }
        batches.set(key, batch)
        batch.jobs++
        batch.stages[stage]++
        for (const { bytes, sink } of receipts) {
          const known = sinks.get(sink) ?? { sink, stored: 0, bytes: 0 }
          sinks.set(sink, known)
          known.stored++
          known.bytes += bytes
        }
        if (stage !== "failed" || error === null) continue
        const group = failures.get(error.reason) ?? {
          cause: error.reason,
          count: 0,
          retryable: error.retryable,
          example: { batchId, jobId, message: error.message }
        }
        failures.set(error.reason, group)
        group.count++
      }
    }))
  return {
    batches: Array.from(batches.values()),
    sinks: Array.from(sinks.values()),
    failures: Array.from(failures.values()).sort((a, b) => b.count - a.count)
  }
})
