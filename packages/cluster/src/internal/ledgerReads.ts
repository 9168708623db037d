/**
 * Reading entries: rows and their receipts as entries, and walks over all of them in steps by key range, so that a walk
 * holds one step in memory and no lock between two of them.
 */
import type { Job, Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"
import { rowsOf } from "./statements.ts"
import { fromColumn, toColumn } from "./text.ts"

/** Jobs in one step of a walk. */
export const step = 1000

/** PostgreSQL's client gives whole numbers of 8 bytes as bigint; none here goes beyond 2^53. */
type Int = number | bigint

/** A row of `labelstream_jobs` with the run that has last observed it. */
interface JobRow {
  readonly id: Int
  readonly job_id: string
  readonly reference_id: string | null
  readonly status: string
  readonly frames: number | null
  readonly annotations: number | null
  readonly stored_status: string | null
  readonly stored_frames: number | null
  readonly stored_annotations: number | null
  readonly stage: Ledger.JobStage
  readonly revision_document: string | null
  readonly revision_attachments: string | null
  readonly bytes: Int | null
  readonly attempts: number
  readonly error_reason: string | null
  readonly error_message: string | null
  readonly error_retryable: number | null
  readonly checked_at: Int | null
}

interface RunRow {
  readonly id: Int
  readonly started_at: Int
  readonly ended_at: Int | null
  readonly outcome: Ledger.RunEnd["outcome"]
  readonly listed: Int
  readonly exported: Int
  readonly unchanged: Int
  readonly unfinished: Int
  readonly failed: Int
  readonly bytes: Int
}

const toRun = (row: RunRow): Ledger.Run => {
  const begun = { run: Number(row.id), startedAt: Number(row.started_at) }
  if (row.ended_at === null) return { ...begun, endedAt: null, end: null }
  const end: Ledger.RunEnd = {
    outcome: row.outcome,
    listed: Number(row.listed),
    exported: Number(row.exported),
    unchanged: Number(row.unchanged),
    unfinished: Number(row.unfinished),
    failed: Number(row.failed),
    bytes: Number(row.bytes)
  }
  return { ...begun, endedAt: Number(row.ended_at), end }
}

const orNull = (value: Int | null) => value === null ? null : Number(value)

const toEntry = (
  batch: Job.BatchRef,
  row: JobRow,
  receipts: ReadonlyArray<Ledger.LedgerReceipt>
): Ledger.LedgerEntry => ({
  projectId: batch.projectId,
  batchId: batch.batchId,
  jobId: fromColumn(row.job_id),
  referenceId: fromColumn(row.reference_id),
  listed: { status: fromColumn(row.status), frames: row.frames, annotations: row.annotations },
  storedAs: row.stored_status === null
    ? null
    : { status: fromColumn(row.stored_status), frames: row.stored_frames, annotations: row.stored_annotations },
  stage: row.stage,
  revision: row.revision_document === null || row.revision_attachments === null
    ? null
    : { document: fromColumn(row.revision_document), attachments: fromColumn(row.revision_attachments) },
  bytes: orNull(row.bytes),
  attempts: row.attempts,
  error: row.error_reason === null || row.error_message === null
    ? null
    : {
      reason: fromColumn(row.error_reason),
      message: fromColumn(row.error_message),
      retryable: row.error_retryable === 1
    },
  checkedAt: orNull(row.checked_at),
  receipts
})

const none: ReadonlyArray<Ledger.LedgerReceipt> = []

/** Where a walk stands: after this job of this batch; no job id is empty. */
export interface Position {
  readonly batch: number
  readonly ref: Job.BatchRef
  readonly after: string
}

/** A job as it is known, with the id of its row. */
export interface Found {
  readonly id: number
  readonly entry: Ledger.LedgerEntry
}

export const make = (sql: SqlClient.SqlClient) => {
  const batchId = (ref: Job.BatchRef): Effect.Effect<number | undefined, SqlError> =>
    Effect.map(
      sql<{ id: Int }>`SELECT id FROM labelstream_batches
        WHERE project_id = ${toColumn(ref.projectId)} AND batch_id = ${toColumn(ref.batchId)}`,
      ([row]) => row && Number(row.id)
    )

  const receiptsOf = Effect.fnUntraced(function*(ids: ReadonlyArray<Int>) {
    const byJob = new Map<number, Array<Ledger.LedgerReceipt>>()
    if (ids.length === 0) return byJob
    const rows = yield* sql<{
      readonly job: Int
      readonly name: string
      readonly revision_document: string
      readonly revision_attachments: string
      readonly bytes: Int
    }>`SELECT r.job, s.name, r.revision_document, r.revision_attachments, r.bytes
      FROM ${rowsOf(sql, { id: "integer" }, ids.map((id) => ({ id: Number(id) })))}
      CROSS JOIN labelstream_receipts r CROSS JOIN labelstream_sinks s
      WHERE r.job = v.id AND s.id = r.sink ORDER BY r.job, s.name`
    for (const row of rows) {
      const job = Number(row.job)
      const receipts = byJob.get(job) ?? []
      receipts.push({
        sink: fromColumn(row.name),
        revision: {
          document: fromColumn(row.revision_document),
          attachments: fromColumn(row.revision_attachments)
        },
        bytes: Number(row.bytes)
      })
      byJob.set(job, receipts)
    }
    return byJob
  })

  const toFound = (ref: Job.BatchRef, rows: ReadonlyArray<JobRow>): Effect.Effect<Array<Found>, SqlError> =>
    Effect.map(receiptsOf(rows.map((row) => row.id)), (receipts) =>
      rows.map((row) => {
        const id = Number(row.id)
        return { id, entry: toEntry(ref, row, receipts.get(id) ?? none) }
      }))

  const toPosition = (row: { readonly id: Int; readonly project_id: string; readonly batch_id: string } | undefined) =>
    row && {
      batch: Number(row.id),
      ref: { projectId: fromColumn(row.project_id), batchId: fromColumn(row.batch_id) },
      after: ""
    }

  const firstBatch = (condition: Fragment): Effect.Effect<Position | undefined, SqlError> =>
    Effect.map(
      sql<{ id: Int; project_id: string; batch_id: string }>`SELECT id, project_id, batch_id FROM labelstream_batches
        ${condition} ORDER BY project_id, batch_id LIMIT 1`,
      ([row]) => toPosition(row)
    )

  const nextBatch = ({ ref }: Position) =>
    firstBatch(sql`WHERE (project_id, batch_id) > (${toColumn(ref.projectId)}, ${toColumn(ref.batchId)})`)

  // The stage stands in the text, since an index over some stages is not used for one that is given later.
  const ofStage = {
    failed: sql.literal("AND stage = 'failed'"),
    unfinished: sql.literal("AND stage = 'unfinished'"),
    any: sql.literal("")
  }

  const lastObserved = sql.literal("labelstream_observed o")

  return {
    batchId,
    /** The jobs of these ids as they are known, by id. */
    find: (
      ref: Job.BatchRef,
      batch: number,
      ids: ReadonlyArray<string>
    ): Effect.Effect<ReadonlyMap<string, Found>, SqlError> =>
      sql<JobRow>`SELECT j.* FROM ${rowsOf(sql, { job_id: "text" }, Array.from(new Set(ids), (job_id) => ({ job_id })))}
        CROSS JOIN labelstream_jobs j WHERE j.batch = ${batch} AND j.job_id = v.job_id`.pipe(
        Effect.flatMap((rows) => toFound(ref, rows)),
        Effect.map((found) => new Map(found.map((one) => [one.entry.jobId, one])))
      ),
    /** Where a walk over what the filter asks for begins; undefined where there is nothing. */
    first: ({ batch: ref }: Ledger.EntryFilter): Effect.Effect<Position | undefined, SqlError> =>
      ref === undefined
        ? firstBatch(sql``)
        : Effect.map(batchId(ref), (batch) => batch === undefined ? undefined : { batch, ref, after: "" }),
    /**
     * The entries of one step, perhaps none, and where the next one begins; undefined at the end. `observed` names a
     * table `o` of jobs with the run that has observed them.
     */
    walk: Effect.fnUntraced(function*(at: Position, filter: Ledger.EntryFilter, observed: Fragment = lastObserved) {
      const stage = filter.stage === "failed" || filter.stage === "unfinished" ? filter.stage : "any"
      const rows = yield* sql<JobRow & { readonly run: Int | null }>`SELECT j.*, o.run FROM
        (SELECT * FROM labelstream_jobs WHERE batch = ${at.batch} ${ofStage[stage]} AND job_id > ${toColumn(at.after)}
          ORDER BY job_id LIMIT ${sql.literal(String(step))}) j
        LEFT JOIN ${observed} ON o.job = j.id ORDER BY j.job_id`
      const wanted = rows.filter((row) =>
        (filter.stage === undefined || row.stage === filter.stage)
        && (filter.notObservedIn === undefined || orNull(row.run) !== filter.notObservedIn)
      )
      const entries = (yield* toFound(at.ref, wanted)).map(({ entry }) => entry)
      const last = rows.at(-1)
      if (rows.length === step && last !== undefined) {
        return { entries, next: { ...at, after: fromColumn(last.job_id) } }
      }
      return { entries, next: filter.batch === undefined ? yield* nextBatch(at) : undefined }
    }),
    /** Where the walk goes on after a batch. */
    nextBatch,
    counts: Effect.fnUntraced(function*(ref: Job.BatchRef) {
      const counts: Record<Ledger.JobStage, number> = { listed: 0, unfinished: 0, stored: 0, failed: 0 }
      const batch = yield* batchId(ref)
      if (batch === undefined) return counts
      const rows = yield* sql<{ stage: Ledger.JobStage; jobs: Int }>`SELECT stage, count(*) AS jobs
        FROM labelstream_jobs WHERE batch = ${batch} GROUP BY stage`
      for (const { jobs, stage } of rows) counts[stage] = Number(jobs)
      return counts
    }),
    /** Runs with a smaller number than this, the latest first: as many as one step holds. */
    runs: (before: number): Effect.Effect<ReadonlyArray<Ledger.Run>, SqlError> =>
      Effect.map(
        sql<RunRow>`SELECT * FROM labelstream_runs WHERE id < ${before} ORDER BY id DESC
          LIMIT ${sql.literal(String(step))}`,
        (rows) => rows.map(toRun)
      ),
    hasReceipts: (sink: string): Effect.Effect<boolean, SqlError> =>
      Effect.map(
        sql`SELECT job FROM labelstream_receipts
          WHERE sink = (SELECT id FROM labelstream_sinks WHERE name = ${toColumn(sink)}) LIMIT 1`,
        (rows) => rows.length > 0
      ),
    countReceipts: (sink: string): Effect.Effect<number, SqlError> =>
      Effect.map(
        sql<{ receipts: Int }>`SELECT count(*) AS receipts FROM labelstream_receipts
          WHERE sink = (SELECT id FROM labelstream_sinks WHERE name = ${toColumn(sink)})`,
        ([row]) => Number(row?.receipts ?? 0)
      )
  }
}

export type Reads = ReturnType<typeof make>
