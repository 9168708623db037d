import { type ExportReport, Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as JsonOutput from "../../JsonOutput.ts"

/** Counts of one batch. */
export interface KnownBatch {
  readonly projectId: string
  readonly batchId: string
  jobs: number
  readonly stages: Record<Ledger.JobStage, number>
}

/** Failed jobs of one reason, and with the same prospects. */
export interface FailedJobs extends Omit<ExportReport.FailureGroup, "count" | "example"> {
  count: number
  readonly example: { readonly batchId: string; readonly jobId: string; readonly message: string }
}

/** The ledger's counts of all batches, or of those that are named. */
export const read = Effect.fnUntraced(function*(only: ReadonlyArray<string>) {
  const ledger = yield* Ledger.Ledger
  const batches = new Map<string, KnownBatch>()
  const sinks = new Map<string, { readonly sink: string; stored: number; bytes: number }>()
  const failures = new Map<string, FailedJobs>()
  const names = new Set(only)
  const known = new Set<string>()
  yield* Stream.runForEach(ledger.entries({}), (entries) =>
    Effect.sync(() => {
      for (const { attempts, batchId, error, jobId, projectId, receipts, stage } of entries) {
        known.add(batchId)
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
        const permanent = Ledger.isPermanent(error, attempts)
        const reason = JSON.stringify([error.reason, error.retryable, permanent])
        const group = failures.get(reason) ?? {
          cause: error.reason,
          count: 0,
          retryable: error.retryable,
          permanent,
          example: { batchId, jobId, message: error.message }
        }
        failures.set(reason, group)
        group.count++
      }
    }))
  return {
    /** Ids of all batches, also of those that were not asked for. */
    known,
    batches: Array.from(batches.values()),
    sinks: Array.from(sinks.values()),
    failures: Array.from(failures.values()).sort((a, b) => b.count - a.count)
  }
})

/** The object that `status --json` prints. */
export const object = (
  ledger: string,
  { batches, failures, sinks }: Pick<Effect.Success<ReturnType<typeof read>>, "batches" | "failures" | "sinks">,
  unpublished: ReadonlyArray<string>
): typeof JsonOutput.Status.Type => ({
  ledger,
  batches: batches.map(({ batchId, jobs, projectId, stages }) => ({
    project_id: projectId,
    batch_id: batchId,
    jobs,
    ...stages
  })),
  failures: failures.map(({ cause, count, example, permanent, retryable }) => ({
    error: cause,
    count,
    retryable,
    permanent,
    example: { batch_id: example.batchId, job_id: example.jobId, message: example.message }
  })),
  sinks,
  unpublished
})
