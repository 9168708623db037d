/** The counts of a run so far, from the rows of its jobs, batches, and slices. */
import { ExportReport, type Job, Ledger } from "@labelstream/core"
import { batchKey } from "@labelstream/node/LedgerSql"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import { rowsOf } from "../ledgerDriver.ts"
import { fromColumn, toColumn } from "../text.ts"
import type { JobOutcome } from "./runJobs.ts"

type Int = number | bigint
type Mutable<A> = { -readonly [K in keyof A]: A[K] }

/** How the listing of one batch ended, apart from its jobs. */
export interface BatchNote {
  /** Whether it was read to its end. */
  readonly isListed: boolean
  /** Why it could not be read to its end; null without a failure. */
  readonly listingError: string | null
  /** Jobs that were stored once and are no longer listed. */
  readonly delisted: number
  /**
   * Listed jobs without an id that could be used, by cause; they count as listed and failed. And the failure of the
   * listing itself, whose example has no job.
   */
  readonly malformed: ReadonlyArray<ExportReport.FailureGroup>
}

/** Counts of a slice that the rows of jobs do not have. */
export interface SliceExtra {
  readonly batches: ReadonlyArray<
    & Job.BatchRef
    & Pick<ExportReport.BatchReport, "problems" | "problemExample" | "unknown" | "unknownExample">
  >
  /** As in a report. Absent in slices of an earlier version. */
  readonly unsized?: ExportReport.ExportReport["unsized"]
  readonly unreachable?: ExportReport.ExportReport["unreachable"]
}

/** A run so far. */
export interface RunProgress {
  /** In order of project and batch id. `remaining` are the jobs without an outcome. */
  readonly batches: ReadonlyArray<ExportReport.BatchReport>
  /** The most frequent first. */
  readonly failures: ReadonlyArray<ExportReport.FailureGroup>
  /** What each sink has stored in this run, in order of id. */
  readonly sinks: ReadonlyArray<{ readonly id: string; readonly stored: number; readonly bytes: number }>
  /** As in a report, from the slices that have ended. */
  readonly unsized: ExportReport.ExportReport["unsized"]
  readonly unreachable: ExportReport.ExportReport["unreachable"]
  readonly slices: { readonly placed: number; readonly ended: number }
}

class Failures {
  private readonly groups = new Map<string, Mutable<ExportReport.FailureGroup>>()

  add(group: ExportReport.FailureGroup): void {
    const key = `${group.example.jobId === null ? "listing" : "job"} ${group.cause}`
    const known = this.groups.get(key)
    if (known === undefined) this.groups.set(key, { ...group })
    else known.count += group.count
  }

  get all(): ReadonlyArray<ExportReport.FailureGroup> {
    return Array.from(this.groups.values()).sort((a, b) => b.count - a.count)
  }
}

export const make = (sql: SqlClient.SqlClient) => {
  const counts = (run: number) =>
    sql<{ batch: Int; outcome: JobOutcome | null; jobs: Int; changed: Int; bytes: Int }>`SELECT batch, outcome,
        count(*) AS jobs, sum(changed) AS changed, CAST(sum(bytes) AS BIGINT) AS bytes
      FROM labelstream_run_jobs WHERE run = ${run} GROUP BY batch, outcome`

  const notes = (run: number) =>
    sql<{
      readonly batch: Int
      readonly is_listed: number
      readonly listing_error: string | null
      readonly delisted: Int
      readonly malformed: string
    }>`SELECT batch, is_listed, listing_error, delisted, malformed FROM labelstream_run_batches WHERE run = ${run}`

  const failures = Effect.fnUntraced(function*(run: number) {
    const groups = yield* sql<{ error_reason: string | null; jobs: Int; job: Int }>`SELECT error_reason,
        count(*) AS jobs, min(job) AS job
      FROM labelstream_run_jobs WHERE run = ${run} AND outcome = 'failed' GROUP BY error_reason`
    if (groups.length === 0) return []
    const ids = rowsOf(sql, { job: "integer" }, groups.map(({ job }) => ({ job: Number(job) })))
    const examples = yield* sql<{
      readonly job: Int
      readonly batch_id: string
      readonly job_id: string
      readonly error_message: string | null
      readonly error_retryable: number | null
      readonly attempts: Int
    }>`SELECT r.job, b.batch_id, j.job_id, r.error_message, r.error_retryable, j.attempts FROM ${ids}
      CROSS JOIN labelstream_run_jobs r CROSS JOIN labelstream_jobs j CROSS JOIN labelstream_batches b
      WHERE r.run = ${run} AND r.job = v.job AND j.id = r.job AND b.id = j.batch`
    return groups.flatMap(({ error_reason, job, jobs }): ReadonlyArray<ExportReport.FailureGroup> => {
      const example = examples.find((one) => Number(one.job) === Number(job))
      if (example === undefined) return []
      const reason = fromColumn(error_reason) ?? "Unknown"
      const message = fromColumn(example.error_message) ?? ""
      const retryable = example.error_retryable === 1
      return [{
        cause: reason,
        count: Number(jobs),
        retryable,
        permanent: Ledger.isPermanent({ reason, message, retryable }, Number(example.attempts)),
        example: { batchId: fromColumn(example.batch_id), jobId: fromColumn(example.job_id), message }
      }]
    })
  })

  const batchRefs = Effect.fnUntraced(function*(ids: ReadonlyArray<number>) {
    const rows = yield* sql<{ id: Int; project_id: string; batch_id: string }>`SELECT b.id, b.project_id, b.batch_id
      FROM ${rowsOf(sql, { id: "integer" }, ids.map((id) => ({ id })))} JOIN labelstream_batches b ON b.id = v.id
      ORDER BY b.project_id, b.batch_id`
    return rows.map(({ batch_id, id, project_id }) => {
      const ref = { projectId: fromColumn(project_id), batchId: fromColumn(batch_id) }
      const batch: Mutable<ExportReport.BatchReport> = ExportReport.emptyBatch(ref)
      return { id: Number(id), batch }
    })
  })

  return {
    noteBatch: (run: number, batch: number, note: BatchNote) => {
      const error = toColumn(note.listingError)
      const malformed = toColumn(JSON.stringify(note.malformed))
      return sql`INSERT INTO labelstream_run_batches (run, batch, is_listed, listing_error, delisted, malformed)
        VALUES (${run}, ${batch}, ${note.isListed ? 1 : 0}, ${error}, ${note.delisted}, ${malformed})
        ON CONFLICT (run, batch) DO UPDATE SET is_listed = excluded.is_listed, listing_error = excluded.listing_error,
          delisted = excluded.delisted, malformed = excluded.malformed`
    },
    progress: Effect.fnUntraced(function*(run: number) {
      const [groups, noted] = [yield* counts(run), yield* notes(run)]
      const failed = new Failures()
      for (const group of yield* failures(run)) failed.add(group)
      const refs = yield* batchRefs(Array.from(new Set([...groups, ...noted].map(({ batch }) => Number(batch)))))
      const byId = new Map(refs.map(({ batch, id }) => [id, batch]))
      for (const { batch, bytes, changed, jobs, outcome } of groups) {
        const report = byId.get(Number(batch))
        if (report === undefined) continue
        report[outcome ?? "remaining"] += Number(jobs)
        if (outcome !== "skipped") report.listed += Number(jobs)
        if (outcome !== "exported") continue
        report.changed += Number(changed)
        report.bytes += Number(bytes)
      }
      for (const note of noted) {
        const report = byId.get(Number(note.batch))
        if (report === undefined) continue
        report.isListed = note.is_listed === 1
        report.listingError = fromColumn(note.listing_error)
        report.delisted = Number(note.delisted)
        for (const group of JSON.parse(fromColumn(note.malformed)) as BatchNote["malformed"]) {
          failed.add(group)
          if (group.example.jobId === null) continue
          report.listed += group.count
          report.failed += group.count
        }
      }
      const rows = yield* sql<{ extra: string }>`SELECT extra FROM labelstream_run_slices WHERE run = ${run}
        ORDER BY slice`
      const extras = rows.map(({ extra }) => JSON.parse(fromColumn(extra)) as SliceExtra)
      const placed = yield* sql<{ slices: Int }>`SELECT count(DISTINCT slice) AS slices FROM labelstream_run_jobs
        WHERE run = ${run} AND slice IS NOT NULL`
      const byKey = new Map(refs.map(({ batch }) => [batchKey(batch), batch]))
      for (const extra of extras) addExtra(byKey, extra)
      const stored = yield* sql<{ sink: string; stored: Int; bytes: Int }>`SELECT sink,
          CAST(sum(stored) AS BIGINT) AS stored, CAST(sum(bytes) AS BIGINT) AS bytes
        FROM labelstream_run_stored WHERE run = ${run} GROUP BY sink ORDER BY sink`
      const progress: RunProgress = {
        batches: refs.map(({ batch }) => batch),
        failures: failed.all,
        sinks: stored.map(({ bytes, sink, stored }) => ({
          id: fromColumn(sink),
          stored: Number(stored),
          bytes: Number(bytes)
        })),
        unsized: ExportReport.addReasons([], extras.flatMap(({ unsized = [] }) => unsized)),
        unreachable: ExportReport.addReasons([], extras.flatMap(({ unreachable = [] }) => unreachable)),
        slices: { placed: Number(placed[0]?.slices ?? 0), ended: extras.length }
      }
      return progress
    })
  }
}

const addExtra = (batches: ReadonlyMap<string, Mutable<ExportReport.BatchReport>>, extra: SliceExtra): void => {
  for (const { problemExample, problems, unknown, unknownExample, ...ref } of extra.batches) {
    const report = batches.get(batchKey(ref))
    if (report === undefined) continue
    report.problems += problems
    report.problemExample ??= problemExample
    report.unknown += unknown
    report.unknownExample ??= unknownExample
  }
}
