/**
 * One row per job of a run, with its slice and its outcome. These rows make a job count once, even if a killed runner's work
 * is done again.
 */
import { type Job, type JobSink, type Ledger, Selection } from "@labelstream/core"
import { batchKey, jobOf, type Recorder, rounds, selectWithout } from "@labelstream/node/LedgerSql"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Programs } from "../ledger.ts"
import { rowsOf } from "../ledgerDriver.ts"
import { fromColumn, toColumn } from "../text.ts"

type Int = number | bigint

/** The outcome of a job in one run. */
export type JobOutcome = "exported" | "unchanged" | "unfinished" | "failed" | "skipped"

/** A listed job, and the decision on it. */
export interface Placed {
  readonly summary: Job.JobSummary
  /** The slice that is to fetch it; null if there is nothing to do. */
  readonly slice: number | null
  /** Its outcome; null if its slice decides it. */
  readonly outcome: JobOutcome | null
  /** Why it failed, if it failed in the listing. */
  readonly error?: Ledger.JobFailure
}

/** A job of a slice. */
export interface SliceJob {
  readonly batch: Job.BatchRef
  readonly summary: Job.JobSummary
  /** The outcome of an earlier attempt at the slice; null if there is none. */
  readonly outcome: JobOutcome | null
}

const placeColumns = {
  job: "integer",
  slice: "integer",
  outcome: "text",
  tag: "text",
  priority_weight: "real",
  problems: "text",
  error_reason: "text",
  error_message: "text",
  error_retryable: "integer"
} as const

const outcomeColumns = {
  job: "integer",
  outcome: "text",
  changed: "integer",
  bytes: "integer",
  error_reason: "text",
  error_message: "text",
  error_retryable: "integer"
} as const

const failureColumns = (error: Ledger.JobFailure | undefined) => ({
  error_reason: error?.reason ?? null,
  error_message: error?.message ?? null,
  error_retryable: error === undefined ? null : error.retryable ? 1 : 0
})

const outcomeOf = {
  Stored: "exported",
  Unchanged: "unchanged",
  Unfinished: "unfinished",
  Failed: "failed",
  Reconciled: null,
  Voided: null
} as const

/** In place of a slice: work before a run has slices, which counts for none. */
export const opening = -1

/** Selects the jobs of one step of a walk that were not placed in a run. */
export const notPlaced = selectWithout("run_jobs")

export const make = (sql: SqlClient.SqlClient, { run: runProgram, write }: Programs) => {
  const batchesOf = (refs: ReadonlyArray<Job.BatchRef>) => runProgram(() => write.batchesOf(refs))

  /** Returns the rows of `labelstream_jobs` for listed jobs, and makes those that no observed page has made. */
  const jobIds = Effect.fnUntraced(function*(batch: number, jobs: ReadonlyArray<Placed>) {
    const rows = rowsOf(sql, { job_id: "text" }, jobs.map(({ summary }) => ({ job_id: summary.id })))
    const known = yield* sql<{ id: Int; job_id: string }>`SELECT j.id, j.job_id FROM ${rows}
      CROSS JOIN labelstream_jobs j WHERE j.batch = ${batch} AND j.job_id = v.job_id`
    const ids = new Map(known.map(({ id, job_id }) => [fromColumn(job_id), Number(id)]))
    const missing = new Map(
      jobs.flatMap(({ summary }) => ids.has(summary.id) ? [] : [[summary.id, summary]])
    )
    if (missing.size > 0) {
      const made = yield* runProgram(() => write.list(batch, Array.from(missing.values())))
      for (const [id, jobId] of made) ids.set(jobId, id)
    }
    return ids
  })

  /** Returns the ledger's revisions of jobs with the outcome `Stored`. */
  const revisions = Effect.fnUntraced(function*(outcomes: ReadonlyArray<Ledger.Outcome>) {
    const stored = outcomes.filter(({ _tag }) => _tag === "Stored")
    const byJob = new Map<string, JobSink.Revision>()
    if (stored.length === 0) return byJob
    const batchOf = yield* batchesOf(stored.map(({ batch }) => batch))
    const rows = rowsOf(
      sql,
      { batch: "integer", job_id: "text" },
      stored.map((outcome) => ({ batch: batchOf(outcome.batch), job_id: jobOf(outcome) }))
    )
    const found = yield* sql<{
      readonly id: Int
      readonly revision_document: string
      readonly revision_attachments: string
    }>`SELECT j.id, j.revision_document, j.revision_attachments FROM ${rows} CROSS JOIN labelstream_jobs j
      WHERE j.batch = v.batch AND j.job_id = v.job_id AND j.revision_document IS NOT NULL`
    for (const { id, revision_attachments, revision_document } of found) {
      byJob.set(String(id), {
        document: fromColumn(revision_document),
        attachments: fromColumn(revision_attachments)
      })
    }
    return byJob
  })

  /** Records outcomes. Returns those that no later lease overrules. */
  const noteRound = Effect.fnUntraced(function*(
    run: number,
    outcomes: ReadonlyArray<Ledger.Outcome>,
    by: Recorder | undefined
  ) {
    const before = yield* revisions(outcomes)
    const idOf = yield* runProgram(() => write.round(outcomes, by))
    const recorded = outcomes.filter((outcome) => idOf(outcome) !== undefined)
    const rows = recorded.flatMap((outcome) => {
      const word = outcomeOf[outcome._tag]
      const job = idOf(outcome)
      if (word === null || job === undefined) return []
      const error = failureColumns(outcome._tag === "Failed" ? outcome.error : undefined)
      if (outcome._tag !== "Stored") return [{ job, outcome: word, changed: 0, bytes: 0, ...error }]
      const { bytes, revision } = outcome.receipt
      const earlier = before.get(String(job))
      const changed = earlier !== undefined && Selection.isChanged(earlier, revision)
      return [{ job, outcome: word, changed: changed ? 1 : 0, bytes, ...error }]
    })
    if (rows.length === 0) return recorded
    // Missing rows belong to a run that has ended, which gets no new ones.
    yield* sql`INSERT INTO labelstream_run_jobs AS r
        (run, job, batch, outcome, changed, bytes, error_reason, error_message, error_retryable)
      SELECT k.run, v.job, k.batch, v.outcome, v.changed, v.bytes, v.error_reason, v.error_message, v.error_retryable
      FROM ${rowsOf(sql, outcomeColumns, rows)} CROSS JOIN labelstream_run_jobs k
      WHERE k.run = ${run} AND k.job = v.job ORDER BY v.job
      ON CONFLICT (run, job) DO UPDATE SET
        outcome = CASE WHEN excluded.outcome = 'unchanged' AND r.outcome = 'exported' THEN r.outcome
          ELSE excluded.outcome END,
        changed = CASE WHEN excluded.changed > r.changed THEN excluded.changed ELSE r.changed END,
        bytes = CASE WHEN excluded.bytes > 0 THEN excluded.bytes ELSE r.bytes END,
        error_reason = excluded.error_reason, error_message = excluded.error_message,
        error_retryable = excluded.error_retryable`
    return recorded
  })

  /** Adds to the counts of a slice per sink. Jobs that an earlier attempt recorded are not stored again. */
  const noteStored = Effect.fnUntraced(function*(run: number, slice: number, outcomes: ReadonlyArray<Ledger.Outcome>) {
    const sinks = new Map<string, { stored: number; bytes: number }>()
    for (const outcome of outcomes) {
      // A slice reconciles only what a sink holds already.
      if (outcome._tag !== "Stored" && (outcome._tag !== "Reconciled" || slice !== 0)) continue
      const counts = sinks.get(outcome.sink) ?? { stored: 0, bytes: 0 }
      counts.stored++
      counts.bytes += outcome.receipt.bytes
      sinks.set(outcome.sink, counts)
    }
    if (sinks.size === 0) return
    const rows = Array.from(sinks, ([sink, counts]) => ({ sink, ...counts })).sort((a, b) => a.sink < b.sink ? -1 : 1)
    yield* sql`INSERT INTO labelstream_run_stored AS s (run, slice, sink, stored, bytes)
      SELECT CAST(${run} AS BIGINT), CAST(${slice} AS BIGINT), v.sink, v.stored, v.bytes
      FROM ${rowsOf(sql, { sink: "text", stored: "integer", bytes: "integer" }, rows)} WHERE true
      ON CONFLICT (run, slice, sink) DO UPDATE SET stored = s.stored + excluded.stored, bytes = s.bytes + excluded.bytes`
  })

  /** Records an outcome of jobs; `unchanged` only for jobs without one. */
  const noteIds = Effect.fnUntraced(function*(
    run: number,
    ref: Job.BatchRef,
    ids: ReadonlyArray<string>,
    outcome: "unchanged" | "skipped"
  ) {
    const batch = (yield* batchesOf([ref]))(ref)
    const rows = rowsOf(sql, { job_id: "text" }, ids.map((job_id) => ({ job_id })))
    yield* sql`UPDATE labelstream_run_jobs SET outcome = ${outcome} WHERE run = ${run}
      AND (outcome IS NULL OR ${outcome} = 'skipped') AND job IN
        (SELECT j.id FROM ${rows} CROSS JOIN labelstream_jobs j WHERE j.batch = ${batch} AND j.job_id = v.job_id)`
  })

  return {
    place: Effect.fnUntraced(function*(run: number, ref: Job.BatchRef, jobs: ReadonlyArray<Placed>) {
      const batch = (yield* batchesOf([ref]))(ref)
      const ids = yield* jobIds(batch, jobs)
      // A page can name a job twice: the first entry counts, as it does between pages.
      const rows = new Map(
        jobs.toReversed().map(({ error, outcome, slice, summary }) => [summary.id, {
          job: ids.get(summary.id) ?? -1,
          slice,
          outcome,
          tag: summary.tag,
          priority_weight: summary.priorityWeight,
          problems: summary.problems === undefined ? null : JSON.stringify(summary.problems),
          ...failureColumns(error)
        }])
      )
      yield* sql`INSERT INTO labelstream_run_jobs
          (run, job, batch, slice, outcome, tag, priority_weight, problems, error_reason, error_message, error_retryable)
        SELECT CAST(${run} AS BIGINT), job, CAST(${batch} AS BIGINT), slice, outcome, tag, priority_weight, problems,
          error_reason, error_message, error_retryable
        FROM ${rowsOf(sql, placeColumns, Array.from(rows.values()))} WHERE true ORDER BY job
        ON CONFLICT (run, job) DO NOTHING`
    }),
    record: (
      run: number,
      slice: number,
      outcomes: ReadonlyArray<Ledger.Outcome>,
      by: Recorder | undefined
    ): Effect.Effect<void, SqlError> =>
      Effect.flatMap(
        Effect.forEach(rounds(outcomes), (round) => noteRound(run, round, by)),
        (recorded) => slice === opening ? Effect.void : noteStored(run, slice, recorded.flat())
      ),
    slices: (run: number): Effect.Effect<ReadonlyArray<{ readonly slice: number; readonly jobs: number }>, SqlError> =>
      Effect.map(
        sql<{ slice: Int; jobs: Int }>`SELECT slice, count(*) AS jobs FROM labelstream_run_jobs
          WHERE run = ${run} AND slice IS NOT NULL GROUP BY slice ORDER BY slice`,
        (rows) => rows.map(({ jobs, slice }) => ({ slice: Number(slice), jobs: Number(jobs) }))
      ),
    sliceJobs: (run: number, slice: number): Effect.Effect<ReadonlyArray<SliceJob>, SqlError> =>
      Effect.map(
        sql<SliceRow>`SELECT b.project_id, b.batch_id, j.job_id, j.reference_id, j.status, j.frames, j.annotations,
            r.tag, r.priority_weight, r.problems, r.outcome
          FROM labelstream_run_jobs r CROSS JOIN labelstream_jobs j CROSS JOIN labelstream_batches b
          WHERE r.run = ${run} AND r.slice = ${slice} AND j.id = r.job AND b.id = j.batch ORDER BY b.project_id, b.batch_id, j.job_id`,
        (rows) => rows.map(toSliceJob)
      ),
    /** Returns the slices with jobs without an outcome. */
    pending: (run: number): Effect.Effect<ReadonlyArray<number>, SqlError> =>
      Effect.map(
        sql<{ slice: Int }>`SELECT DISTINCT slice FROM labelstream_run_jobs
          WHERE run = ${run} AND slice IS NOT NULL AND outcome IS NULL ORDER BY slice`,
        (rows) => rows.map(({ slice }) => Number(slice))
      ),
    skip: (run: number, ref: Job.BatchRef, ids: ReadonlyArray<string>) => noteIds(run, ref, ids, "skipped"),
    /** Records jobs without an outcome as unchanged. Jobs that the slice got meanwhile remain to be done. */
    endSlice: (
      run: number,
      slice: number,
      jobs: ReadonlyArray<Ledger.JobKey & Job.BatchRef>,
      extra: string
    ): Effect.Effect<void, SqlError> =>
      Effect.andThen(
        Effect.forEach(
          Map.groupBy(jobs, batchKey).values(),
          (same) => {
            const [first] = same
            return first === undefined
              ? Effect.void
              : noteIds(run, first, same.map(({ jobId }) => jobId), "unchanged")
          },
          { discard: true }
        ),
        Effect.asVoid(sql`INSERT INTO labelstream_run_slices (run, slice, extra)
          VALUES (${run}, ${slice}, ${toColumn(extra)}) ON CONFLICT (run, slice) DO UPDATE SET extra = excluded.extra`)
      )
  }
}

interface SliceRow {
  readonly project_id: string
  readonly batch_id: string
  readonly job_id: string
  readonly reference_id: string | null
  readonly status: string
  readonly frames: number | null
  readonly annotations: number | null
  readonly tag: string | null
  readonly priority_weight: number | null
  readonly problems: string | null
  readonly outcome: JobOutcome | null
}

const toSliceJob = (row: SliceRow): SliceJob => ({
  batch: { projectId: fromColumn(row.project_id), batchId: fromColumn(row.batch_id) },
  summary: {
    id: fromColumn(row.job_id),
    referenceId: fromColumn(row.reference_id),
    status: fromColumn(row.status),
    frames: row.frames,
    annotations: row.annotations,
    tag: fromColumn(row.tag),
    priorityWeight: row.priority_weight,
    ...row.problems === null
      ? {}
      : { problems: JSON.parse(fromColumn(row.problems)) as ReadonlyArray<Job.FieldProblem> }
  },
  outcome: row.outcome
})
