/**
 * Reading entries: one row and its receipts as one entry, and walks over all of them in steps by key range, so that a
 * walk holds one step in memory and no lock between two of them.
 */
import type { Job, Ledger } from "@labelstream/core"
import type { Database } from "./sqlite.ts"

/** Jobs in one step of a walk. */
export const step = 1000

/** Columns of an entry, in the order that `toEntry` expects. */
const columns = `j.id, j.job_id, j.reference_id, j.status, j.frames, j.annotations,
  j.stored_status, j.stored_frames, j.stored_annotations, j.stage, j.revision_document, j.revision_attachments,
  j.bytes, j.attempts, j.error_reason, j.error_message, j.error_retryable, j.checked_at`

type RunRow = [
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

const toRun = (row: RunRow): Ledger.Run => {
  const [run, startedAt, endedAt, outcome, listed, exported, unchanged, unfinished, failed, bytes] = row
  if (endedAt === null) return { run, startedAt, endedAt, end: null }
  return { run, startedAt, endedAt, end: { outcome, listed, exported, unchanged, unfinished, failed, bytes } }
}

/** What a statement has selected of a job, and what it adds. */
type Row<Added = unknown> = [
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
  checkedAt: number | null,
  added: Added
]

/** With the run that has observed the job last. */
type Walked = Row<number | null>

/** A row of `jobs` as an entry. */
export interface Found {
  readonly id: number
  readonly entry: Ledger.LedgerEntry
}

const toEntry = (batch: Job.BatchRef, row: Row, receipts: ReadonlyArray<Ledger.LedgerReceipt>): Ledger.LedgerEntry => ({
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

const none: ReadonlyArray<Ledger.LedgerReceipt> = []

/** Where a walk stands: after this job of this batch; no job id is empty. */
export interface Position {
  readonly batch: number
  readonly ref: Job.BatchRef
  readonly after: string
}

export const make = (db: Database) => {
  // A statement for a page of ids instead of one for each: a tenth of the time. CROSS JOIN keeps the order of the tables.
  // `+?` keeps SQLite from planning it anew with each call.
  const selectJobs = db.prepare(
    `SELECT ${columns}, k.key FROM json_each(?) k CROSS JOIN jobs j ON j.batch = +? AND j.job_id = k.value`
  ).raw()
  const selectReceipts = db.prepare(
    `SELECT r.job, s.name, r.revision_document, r.revision_attachments, r.bytes
     FROM json_each(?) k JOIN receipts r ON r.job = k.value JOIN sinks s ON s.id = r.sink
     ORDER BY r.job, s.name`
  ).raw()
  const selectBatch = db.prepare("SELECT id FROM batches WHERE project_id = ? AND batch_id = ?").pluck()
  const selectNextBatch = db.prepare(
    `SELECT id, project_id, batch_id FROM batches WHERE (project_id, batch_id) > (?, ?)
     ORDER BY project_id, batch_id LIMIT 1`
  ).raw()
  const selectFirstBatch = db.prepare(
    "SELECT id, project_id, batch_id FROM batches ORDER BY project_id, batch_id LIMIT 1"
  ).raw()
  const selectStep = (source: string) =>
    db.prepare(
      `SELECT ${columns}, o.run FROM (SELECT * FROM ${source} AND job_id > ? ORDER BY job_id LIMIT ${step}) j
       LEFT JOIN observed o ON o.job = j.id ORDER BY j.job_id`
    ).raw()
  const steps = {
    all: selectStep("jobs WHERE batch = ?"),
    // The stage stands in the text, since an index over some stages is not used for one that is given later.
    failed: selectStep("jobs INDEXED BY jobs_to_mend WHERE batch = ? AND stage = 'failed'"),
    unfinished: selectStep("jobs INDEXED BY jobs_to_mend WHERE batch = ? AND stage = 'unfinished'")
  }
  const selectEdge = db.prepare(
    `SELECT count(*), max(job_id)
     FROM (SELECT job_id FROM jobs WHERE batch = ? AND job_id > ? ORDER BY job_id LIMIT ${step})`
  ).raw()
  const selectUnobserved = db.prepare(
    `SELECT ${columns}, o.run FROM jobs j LEFT JOIN observed o ON o.job = j.id
     WHERE j.batch = ? AND j.job_id > ? AND j.job_id <= ? AND o.run IS NOT ? ORDER BY j.job_id`
  ).raw()
  const countStages = db.prepare("SELECT stage, count(*) FROM jobs WHERE batch = ? GROUP BY stage").raw()
  const selectReceipt = db.prepare(
    "SELECT 1 FROM receipts WHERE sink = (SELECT id FROM sinks WHERE name = ?) LIMIT 1"
  ).pluck()

  const countReceipts = db.prepare(
    "SELECT count(*) FROM receipts WHERE sink = (SELECT id FROM sinks WHERE name = ?)"
  ).pluck()

  const selectRuns = db.prepare(
    `SELECT id, started_at, ended_at, outcome, listed, exported, unchanged, unfinished, failed, bytes FROM runs
     WHERE id < ? ORDER BY id DESC LIMIT ${step}`
  ).raw()

  const receiptsOf = (ids: ReadonlyArray<number>): Map<number, Array<Ledger.LedgerReceipt>> => {
    const byJob = new Map<number, Array<Ledger.LedgerReceipt>>()
    if (ids.length === 0) return byJob
    for (const row of selectReceipts.all(JSON.stringify(Array.from(new Set(ids))))) {
      const [job, sink, document, attachments, bytes] = row as [number, string, string, string, number]
      const receipts = byJob.get(job) ?? []
      receipts.push({ sink, revision: { document, attachments }, bytes })
      byJob.set(job, receipts)
    }
    return byJob
  }

  const toFound = (ref: Job.BatchRef, rows: ReadonlyArray<Row | undefined>): Array<Found | undefined> => {
    const receipts = receiptsOf(rows.flatMap((row) => row === undefined ? [] : [row[0]]))
    return rows.map((row) => row && { id: row[0], entry: toEntry(ref, row, receipts.get(row[0]) ?? none) })
  }

  const batchId = (ref: Job.BatchRef) => selectBatch.get(ref.projectId, ref.batchId) as number | undefined

  const position = (row: unknown): Position | undefined => {
    if (row === undefined) return undefined
    const [batch, projectId, id] = row as [number, string, string]
    return { batch, ref: { projectId, batchId: id }, after: "" }
  }

  const nextBatch = ({ ref }: Position) => position(selectNextBatch.get(ref.projectId, ref.batchId))

  /** Rows of one step that may be wanted, how many jobs it went over, and the last of them. */
  const readStep = (
    { after, batch }: Position,
    { notObservedIn, stage }: Ledger.EntryFilter
  ): { readonly rows: Array<Walked>; readonly count: number; readonly last: string | undefined } => {
    if (notObservedIn !== undefined && stage === undefined) {
      const [count, last] = selectEdge.get(batch, after) as [count: number, last: string | null]
      const rows = last === null ? [] : selectUnobserved.all(batch, after, last, notObservedIn) as Array<Walked>
      return { rows, count, last: last ?? undefined }
    }
    const rows = steps[stage === "failed" || stage === "unfinished" ? stage : "all"].all(batch, after) as Array<Walked>
    return { rows, count: rows.length, last: rows.at(-1)?.[1] }
  }

  return {
    batchId,
    /** The jobs of these ids as they are known, in the order asked. */
    find: (ref: Job.BatchRef, batch: number, ids: ReadonlyArray<string>): Array<Found | undefined> => {
      const rows: Array<Row | undefined> = Array.from(ids, () => undefined)
      for (const row of selectJobs.all(JSON.stringify(ids), batch) as Array<Row<number>>) rows[row[18]] = row
      return toFound(ref, rows)
    },
    /** Where a walk over what the filter asks for begins; undefined where there is nothing. */
    first: ({ batch: ref }: Ledger.EntryFilter): Position | undefined => {
      if (ref === undefined) return position(selectFirstBatch.get())
      const batch = batchId(ref)
      return batch === undefined ? undefined : { batch, ref, after: "" }
    },
    /** The entries of one step, perhaps none, and where the next one begins; undefined at the end. */
    walk: (
      at: Position,
      filter: Ledger.EntryFilter
    ): { readonly entries: Array<Ledger.LedgerEntry>; readonly next: Position | undefined } => {
      const { count, last, rows } = readStep(at, filter)
      const wanted = rows.filter((row) =>
        (filter.stage === undefined || row[9] === filter.stage)
        && (filter.notObservedIn === undefined || row[18] !== filter.notObservedIn)
      )
      const entries = toFound(at.ref, wanted).flatMap((found) => found === undefined ? [] : [found.entry])
      if (count === step && last !== undefined) return { entries, next: { ...at, after: last } }
      return { entries, next: filter.batch === undefined ? nextBatch(at) : undefined }
    },
    /** Where the walk goes on after a batch. */
    nextBatch,
    counts: (ref: Job.BatchRef): Ledger.StageCounts => {
      const counts: Record<Ledger.JobStage, number> = { listed: 0, unfinished: 0, stored: 0, failed: 0 }
      const batch = batchId(ref)
      if (batch === undefined) return counts
      for (const row of countStages.all(batch)) {
        const [stage, count] = row as [Ledger.JobStage, number]
        counts[stage] = count
      }
      return counts
    },
    /** Runs with a smaller number than this, the latest first: as many as one step holds. */
    runs: (before: number): Array<Ledger.Run> => (selectRuns.all(before) as Array<RunRow>).map(toRun),
    // A sink gets its row with its first receipt, and receipts are never removed.
    hasReceipts: (sink: string): boolean => selectReceipt.get(sink) !== undefined,
    countReceipts: (sink: string): number => countReceipts.get(sink) as number
  }
}
