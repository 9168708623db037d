/** What became of jobs, as rows, and what each row changes in a job that is known. */
import type { Job, Ledger } from "@labelstream/core"
import { type Row, statement } from "./program.ts"

/** Names a batch in a map. */
export const batchKey = (ref: Job.BatchRef): string => JSON.stringify([ref.projectId, ref.batchId])

/** The job that an outcome is about. */
export const jobOf = (outcome: Ledger.Outcome): string => "receipt" in outcome ? outcome.receipt.jobId : outcome.jobId

/** Items in rounds, each with one item of a key at most, in which all may be noted at once. */
export const inRounds = <A>(
  items: ReadonlyArray<A>,
  keyOf: (item: A) => string
): ReadonlyArray<ReadonlyArray<A>> => {
  const met = new Map<string, number>()
  const rounds: Array<Array<A>> = []
  for (const item of items) {
    const key = keyOf(item)
    const round = met.get(key) ?? 0
    met.set(key, round + 1)
    ;(rounds[round] ??= []).push(item)
  }
  return rounds
}

export type Voided = Extract<Ledger.Outcome, { readonly _tag: "Voided" }>

type Listing = readonly [status: string, frames: number | null, annotations: number | null]
type Revision = readonly [document: string, attachments: string, bytes: number]
type Failure = readonly [reason: string, message: string, retryable: number]
type Nothing = readonly [null, null, null]

const listing = ({ annotations, frames, status }: Ledger.Listed): Listing => [status, frames, annotations]

const none: Nothing = [null, null, null]
const unknown: Listing = ["", null, null]
// A sink holds finished jobs only.
const reconciled: Listing = ["completed", null, null]

const outcomeColumns = {
  batch: "integer",
  job_id: "text",
  status: "text",
  frames: "real",
  annotations: "real",
  stored_status: "text",
  stored_frames: "real",
  stored_annotations: "real",
  revision_document: "text",
  revision_attachments: "text",
  bytes: "integer",
  error_reason: "text",
  error_message: "text",
  error_retryable: "integer",
  stage: "text",
  attempts: "integer",
  checked_at: "integer",
  lease: "integer"
} as const

/** Who records outcomes, where several processes do. */
export interface Recorder {
  /** A number from 1 that grows with each lease. Under an earlier lease than a job was recorded under, nothing changes. */
  readonly lease: number
  /** The time of the database, in milliseconds since 1970: it replaces the times of outcomes, which are of a machine. */
  readonly at: number
}

/** An outcome as the row that it makes of a job that is not known. */
export const outcomeRow = (batch: number, outcome: Exclude<Ledger.Outcome, Voided>, by: Recorder | undefined): Row => {
  const row = (
    listed: Listing,
    storedAs: Listing | Nothing,
    revision: Revision | Nothing,
    error: Failure | Nothing,
    stage: Ledger.JobStage,
    attempts: number,
    at: number | null
  ): Row => [
    batch,
    jobOf(outcome),
    listed[0],
    listed[1],
    listed[2],
    storedAs[0],
    storedAs[1],
    storedAs[2],
    revision[0],
    revision[1],
    revision[2],
    error[0],
    error[1],
    error[2],
    stage,
    attempts,
    at === null || by === undefined ? at : by.at,
    by?.lease ?? 0
  ]
  switch (outcome._tag) {
    case "Stored":
    case "Reconciled": {
      const { bytes, revision: { attachments, document } } = outcome.receipt
      const revision: Revision = [document, attachments, bytes]
      if (outcome._tag === "Reconciled") return row(reconciled, none, revision, none, "stored", 0, null)
      const listed = listing(outcome.listed)
      return row(listed, listed, revision, none, "stored", 0, outcome.at)
    }
    case "Unchanged": {
      const listed = listing(outcome.listed)
      return row(listed, listed, none, none, "stored", 0, outcome.at)
    }
    case "Unfinished":
      return row(unknown, none, none, none, "unfinished", 0, null)
    case "Failed": {
      const { message, reason, retryable } = outcome.error
      return row(unknown, none, none, [reason, message, retryable ? 1 : 0], "failed", 1, outcome.at)
    }
  }
}

/*
 * What an outcome changes in a job that is known. The row shows which outcome it is: one that succeeded has what it was
 * stored as, one that was stored has a revision too, and one that was reconciled has a revision alone.
 */
const isReconciled = "excluded.stage = 'stored' AND excluded.stored_status IS NULL"
const isSuccess = "excluded.stored_status IS NOT NULL"
const keepsRevision = `excluded.revision_document IS NULL OR (${isReconciled} AND j.revision_document IS NOT NULL)`
const either = (condition: string, column: string, ifSo: string, otherwise = `excluded.${column}`) =>
  `${column} = CASE WHEN ${condition} THEN ${ifSo} ELSE ${otherwise} END`

const onOutcome = [
  ...["stored_status", "stored_frames", "stored_annotations"].map((column) =>
    either(isSuccess, column, `excluded.${column}`, `j.${column}`)
  ),
  ...["revision_document", "revision_attachments", "bytes"].map((column) =>
    either(keepsRevision, column, `j.${column}`)
  ),
  ...["error_reason", "error_message", "error_retryable"].map((column) => either(isReconciled, column, `j.${column}`)),
  either(`${isReconciled} AND j.stage = 'failed'`, "stage", "j.stage"),
  "checked_at = coalesce(excluded.checked_at, j.checked_at)",
  `attempts = CASE WHEN ${isSuccess} THEN 0 ELSE j.attempts + excluded.attempts END`,
  either("excluded.lease > j.lease", "lease", "excluded.lease", "j.lease")
].join(", ")

/** Returns the rows of the jobs that it changed. Jobs that were recorded under a later lease do not change. */
export const upsertOutcomes = statement(
  `INSERT INTO {jobs} AS j ({columns}) {rows by batch, job_id}
   ON CONFLICT (batch, job_id) DO UPDATE SET ${onOutcome}
   WHERE excluded.lease = 0 OR excluded.lease >= j.lease RETURNING id, batch, job_id`,
  outcomeColumns
)

export const upsertReceipts = statement(
  `INSERT INTO {receipts} ({columns}) {rows by job, sink}
   ON CONFLICT (job, sink) DO UPDATE SET revision_document = excluded.revision_document,
     revision_attachments = excluded.revision_attachments, bytes = excluded.bytes, attachments = excluded.attachments`,
  {
    job: "integer",
    sink: "integer",
    revision_document: "text",
    revision_attachments: "text",
    bytes: "integer",
    attachments: "text"
  }
)

const isStoredAsListed = "j.stored_status IS NULL AND j.stage = 'stored'"

export const upsertListing = statement(
  `INSERT INTO {jobs} AS j ({columns}) {rows by batch, job_id}
   ON CONFLICT (batch, job_id) DO UPDATE SET
     reference_id = excluded.reference_id, status = excluded.status, frames = excluded.frames,
     annotations = excluded.annotations,
     ${either(isStoredAsListed, "stored_status", "excluded.status", "j.stored_status")},
     ${either(isStoredAsListed, "stored_frames", "excluded.frames", "j.stored_frames")},
     ${either(isStoredAsListed, "stored_annotations", "excluded.annotations", "j.stored_annotations")}
   RETURNING id, job_id`,
  {
    batch: "integer",
    job_id: "text",
    reference_id: "text",
    status: "text",
    frames: "real",
    annotations: "real",
    stage: "text"
  }
)

/** A listed job as a row. */
export const listingRow = (batch: number, { annotations, frames, id, referenceId, status }: Job.JobSummary): Row => [
  batch,
  id,
  referenceId,
  status,
  frames,
  annotations,
  "pending"
]

/** Whether a listing says of a job what is not known. */
export const isNews = (summary: Job.JobSummary, entry: Ledger.LedgerEntry | undefined): boolean =>
  entry === undefined
  || (entry.storedAs === null && entry.stage === "stored")
  || entry.referenceId !== summary.referenceId
  || entry.listed.status !== summary.status
  || entry.listed.frames !== summary.frames
  || entry.listed.annotations !== summary.annotations
