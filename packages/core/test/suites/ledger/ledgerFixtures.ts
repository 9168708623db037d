/** What the suites of a ledger are written with: jobs, outcomes, and ways to read what is recorded. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { BatchRef, JobSummary } from "../../../src/Job.ts"
import type { Receipt, Revision } from "../../../src/JobSink.ts"
import {
  type EntryFilter,
  type JobFailure,
  Ledger,
  type Listed,
  type Outcome,
  type RunEnd
} from "../../../src/Ledger.ts"

export const batch: BatchRef = { projectId: "p", batchId: "b" }
export const other: BatchRef = { projectId: "p", batchId: "a" }

export const summary = (id: string, options: Partial<JobSummary> = {}): JobSummary => ({
  id,
  referenceId: `ref of ${id}`,
  status: "completed",
  frames: 1,
  annotations: 10,
  tag: null,
  priorityWeight: null,
  ...options
})

export const listedAs = ({ annotations, frames, status }: JobSummary): Listed => ({ status, frames, annotations })
export const first = listedAs(summary(""))
export const changed: Listed = { status: "completed", frames: 1, annotations: 11 }

export const revision = (document: string): Revision => ({ document, attachments: "" })
export const receipt = (jobId: string, document = "r1", bytes = 100): Receipt => ({
  batchId: batch.batchId,
  jobId,
  revision: revision(document),
  bytes
})

export const stored = (jobId: string, sink = "files", document = "r1", at = 1, listed = first) => ({
  _tag: "Stored",
  batch,
  sink,
  receipt: receipt(jobId, document),
  listed,
  at
} satisfies Outcome)
export const ended: RunEnd = {
  outcome: "completed",
  listed: 10,
  exported: 4,
  unchanged: 3,
  unfinished: 2,
  failed: 1,
  bytes: 5
}
export const gone: JobFailure = { reason: "AttachmentMissing", message: "it is gone", retryable: true }
export const failed = (jobId: string, at = 2): Outcome => ({ _tag: "Failed", batch, jobId, error: gone, at })
export const unfinished = (jobId: string): Outcome => ({ _tag: "Unfinished", batch, jobId })
export const unchanged = (jobId: string, listed = first, at = 3): Outcome => ({
  _tag: "Unchanged",
  batch,
  jobId,
  listed,
  at
})
export const reconciled = (jobId: string, document = "r1", sink = "files") => ({
  _tag: "Reconciled",
  batch,
  sink,
  receipt: receipt(jobId, document)
} satisfies Outcome)

export const voided = (jobId: string, sink = "files"): Outcome => ({ _tag: "Voided", batch, sink, jobId })

/** Runs a test over a ledger that is its own. */
export type WithLedger = <A, E>(
  f: (ledger: Ledger["Service"]) => Effect.Effect<A, E>
) => () => Effect.Effect<A, unknown>

export const withLedgerOf = <E>(layer: Layer.Layer<Ledger, E>): WithLedger => (f) => () =>
  Effect.provide(Ledger.use(f), layer, { local: true })

export const read = (ledger: Ledger["Service"], filter: EntryFilter = {}) =>
  Effect.map(Stream.runCollect(ledger.entries(filter)), (pages) => pages.flat())

export const ids = (ledger: Ledger["Service"], filter: EntryFilter = {}) =>
  Effect.map(read(ledger, filter), (entries) => entries.map((entry) => entry.jobId))

export const get = Effect.fnUntraced(function*(ledger: Ledger["Service"], jobId: string) {
  const entry = (yield* read(ledger, { batch })).find((entry) => entry.jobId === jobId)
  return entry ?? assert.fail(`no entry for ${jobId}`)
})
