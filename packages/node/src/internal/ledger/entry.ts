/** Rows of the ledger as what it returns. */
import type { Job, Ledger } from "@labelstream/core"

/** Columns of an entry, in the order of an {@link EntryRow}. */
export const entryColumns = `j.id, j.job_id, j.reference_id, j.status, j.frames, j.annotations,
  j.stored_status, j.stored_frames, j.stored_annotations, j.stage, j.revision_document, j.revision_attachments,
  j.bytes, j.attempts, j.error_reason, j.error_message, j.error_retryable, j.checked_at`

export type EntryRow = readonly [
  id: number,
  jobId: string,
  referenceId: string | null,
  status: string,
  frames: number | null,
  annotations: number | null,
  storedStatus: string | null,
  storedFrames: number | null,
  storedAnnotations: number | null,
  stage: Ledger.JobStage,
  revisionDocument: string | null,
  revisionAttachments: string | null,
  bytes: number | null,
  attempts: number,
  errorReason: string | null,
  errorMessage: string | null,
  errorRetryable: number | null,
  checkedAt: number | null
]

/** A row of `jobs` as an entry. */
export interface Found {
  readonly id: number
  readonly entry: Ledger.LedgerEntry
}

const none: ReadonlyArray<Ledger.LedgerReceipt> = []

export const toEntry = (
  batch: Job.BatchRef,
  row: EntryRow,
  receipts: ReadonlyArray<Ledger.LedgerReceipt> = none
): Ledger.LedgerEntry => ({
  projectId: batch.projectId,
  batchId: batch.batchId,
  jobId: row[1],
  referenceId: row[2],
  listed: { status: row[3], frames: row[4], annotations: row[5] },
  storedAs: row[6] === null ? null : { status: row[6], frames: row[7], annotations: row[8] },
  stage: row[9],
  revision: row[10] === null || row[11] === null ? null : { document: row[10], attachments: row[11] },
  bytes: row[12],
  attempts: row[13],
  error: row[14] === null || row[15] === null
    ? null
    : { reason: row[14], message: row[15], retryable: row[16] === 1 },
  checkedAt: row[17],
  receipts
})

export const runColumns = "id, started_at, ended_at, outcome, listed, exported, unchanged, unfinished, failed, bytes"

export type RunRow = readonly [
  run: number,
  startedAt: number,
  endedAt: number | null,
  outcome: Ledger.RunEnd["outcome"],
  listed: number,
  exported: number,
  unchanged: number,
  unfinished: number,
  failed: number,
  bytes: number
]

export const toRun = (row: RunRow): Ledger.Run => {
  const [run, startedAt, endedAt, outcome, listed, exported, unchanged, unfinished, failed, bytes] = row
  if (endedAt === null) return { run, startedAt, endedAt, end: null }
  return { run, startedAt, endedAt, end: { outcome, listed, exported, unchanged, unfinished, failed, bytes } }
}
