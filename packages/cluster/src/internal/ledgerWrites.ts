/**
 * Writing: what a page of the listing says, and what became of jobs. A page is a few statements, whatever its size. Every
 * statement takes its rows in the order of their keys, and every call its tables in the same order, so that writers
 * that meet wait for each other and not in a circle.
 */
import type { Job, Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Reads } from "./ledgerReads.ts"
import { rowsOf } from "./statements.ts"
import { fromColumn } from "./text.ts"

type Int = number | bigint

/** The columns that a listing gives. */
const listing = {
  batch: "integer",
  job_id: "text",
  reference_id: "text",
  status: "text",
  frames: "real",
  annotations: "real"
} as const

const outcomeColumns = {
  batch: "integer",
  job_id: "text",
  status: "text",
  frames: "real",
  annotations: "real",
  stored_status: "text",
  stored_frames: "real",
  stored_annotations: "real",
  stage: "text",
  revision_document: "text",
  revision_attachments: "text",
  bytes: "integer",
  attempts: "integer",
  error_reason: "text",
  error_message: "text",
  error_retryable: "integer",
  checked_at: "integer"
} as const

const blank = {
  stored_status: null,
  stored_frames: null,
  stored_annotations: null,
  revision_document: null,
  revision_attachments: null,
  bytes: null,
  attempts: 0,
  error_reason: null,
  error_message: null,
  error_retryable: null,
  checked_at: null
}

const unknown: Ledger.Listed = { status: "", frames: null, annotations: null }
// A sink holds finished jobs only.
const adopted: Ledger.Listed = { status: "completed", frames: null, annotations: null }

const storedAs = ({ annotations, frames, status }: Ledger.Listed) => ({
  stored_status: status,
  stored_frames: frames,
  stored_annotations: annotations
})

type Voided = Extract<Ledger.Outcome, { readonly _tag: "Voided" }>

/** An outcome as the row that it makes of a job that is not known. */
const rowOf = (batch: number, outcome: Exclude<Ledger.Outcome, Voided>) => {
  const known = { ...blank, batch, job_id: jobOf(outcome) }
  switch (outcome._tag) {
    case "Stored":
    case "Adopted": {
      const { bytes, revision } = outcome.receipt
      const held = { revision_document: revision.document, revision_attachments: revision.attachments, bytes }
      if (outcome._tag === "Adopted") return { ...known, ...adopted, ...held, stage: "stored" }
      const stored = { ...storedAs(outcome.listed), checked_at: outcome.at }
      return { ...known, ...outcome.listed, ...held, ...stored, stage: "stored" }
    }
    case "Unchanged":
      return { ...known, ...outcome.listed, ...storedAs(outcome.listed), checked_at: outcome.at, stage: "stored" }
    case "Unfinished":
      return { ...known, ...unknown, stage: "unfinished" }
    case "Failed": {
      const { message, reason, retryable } = outcome.error
      const error = { error_reason: reason, error_message: message, error_retryable: retryable ? 1 : 0 }
      return { ...known, ...unknown, ...error, checked_at: outcome.at, attempts: 1, stage: "failed" }
    }
  }
}

/** The job that an outcome is about. */
export const jobOf = (outcome: Ledger.Outcome): string => "receipt" in outcome ? outcome.receipt.jobId : outcome.jobId

/** Names a batch in a map. */
export const batchKey = (ref: Job.BatchRef): string => JSON.stringify([ref.projectId, ref.batchId])

/** Rows are written in one order by all, so that no two wait for each other: any order will do. */
const byText = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0

/** Items in rounds, each with one item of a key at most, in which all may be noted at once. */
const inRounds = <A>(items: ReadonlyArray<A>, keyOf: (item: A) => string): ReadonlyArray<ReadonlyArray<A>> => {
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

/** Outcomes in rounds, each with one outcome of a job at most. */
export const rounds = (outcomes: ReadonlyArray<Ledger.Outcome>): ReadonlyArray<ReadonlyArray<Ledger.Outcome>> =>
  inRounds(outcomes, (outcome) => JSON.stringify([outcome.batch.projectId, outcome.batch.batchId, jobOf(outcome)]))

export const make = (sql: SqlClient.SqlClient, read: Reads) => {
  // Ids of rows that are few and never removed; forgotten when a transaction that may have made one is taken back.
  const batches = new Map<string, number>()
  const sinks = new Map<string, number>()
  const forget = Effect.sync(() => {
    batches.clear()
    sinks.clear()
  })

  /** The rows of these batches, made where they are missing. */
  const batchesOf = Effect.fnUntraced(function*(refs: ReadonlyArray<Job.BatchRef>) {
    const wanted = new Map(refs.map((ref) => [batchKey(ref), ref]))
    const missing = Array.from(wanted).filter(([key]) => !batches.has(key)).sort(([a], [b]) => byText(a, b))
    for (const [key, { batchId, projectId }] of missing) {
      const rows = rowsOf(sql, { project_id: "text", batch_id: "text" }, [{ project_id: projectId, batch_id: batchId }])
      const known = yield* read.batchId({ projectId, batchId })
      if (known === undefined) {
        yield* sql`INSERT INTO labelstream_batches (project_id, batch_id) SELECT project_id, batch_id FROM ${rows}
          WHERE true ON CONFLICT (project_id, batch_id) DO NOTHING`
      }
      const id = known ?? (yield* read.batchId({ projectId, batchId }))
      if (id !== undefined) batches.set(key, id)
    }
    return (ref: Job.BatchRef): number => batches.get(batchKey(ref)) ?? -1
  })

  /** The rows of these sinks, made where they are missing. */
  const sinksOf = Effect.fnUntraced(function*(names: ReadonlyArray<string>) {
    const missing = Array.from(new Set(names)).filter((name) => !sinks.has(name)).sort(byText)
    if (missing.length > 0) {
      const rows = rowsOf(sql, { name: "text" }, missing.map((name) => ({ name })))
      yield* sql`INSERT INTO labelstream_sinks (name) SELECT name FROM ${rows} WHERE true ORDER BY name
        ON CONFLICT (name) DO NOTHING`
      const found = yield* sql<{ id: Int; name: string }>`SELECT s.id, s.name FROM ${rows}
        JOIN labelstream_sinks s ON s.name = v.name`
      for (const { id, name } of found) sinks.set(fromColumn(name), Number(id))
    }
    return (name: string): number => sinks.get(name) ?? -1
  })

  const upsertListing = (rows: ReadonlyArray<Parameters<typeof rowsOf<keyof typeof listing>>[2][number]>) =>
    sql<{ id: Int; job_id: string }>`INSERT INTO labelstream_jobs AS j
        (batch, job_id, reference_id, status, frames, annotations, stage)
      SELECT batch, job_id, reference_id, status, frames, annotations, 'listed' FROM ${rowsOf(sql, listing, rows)}
      WHERE true ORDER BY batch, job_id
      ON CONFLICT (batch, job_id) DO UPDATE SET
        reference_id = excluded.reference_id, status = excluded.status, frames = excluded.frames,
        annotations = excluded.annotations,
        stored_status = CASE WHEN j.stored_status IS NULL AND j.stage = 'stored' THEN excluded.status
          ELSE j.stored_status END,
        stored_frames = CASE WHEN j.stored_status IS NULL AND j.stage = 'stored' THEN excluded.frames
          ELSE j.stored_frames END,
        stored_annotations = CASE WHEN j.stored_status IS NULL AND j.stage = 'stored' THEN excluded.annotations
          ELSE j.stored_annotations END
      RETURNING id, job_id`

  /** Marks jobs as observed and answers those that the run had not observed before. */
  const markObserved = (run: number, ids: ReadonlyArray<number>) =>
    Effect.map(
      sql<{ job: Int }>`INSERT INTO labelstream_observed AS o (job, run)
        SELECT id, run FROM ${rowsOf(sql, { id: "integer", run: "integer" }, ids.map((id) => ({ id, run })))}
        WHERE true ORDER BY id
        ON CONFLICT (job) DO UPDATE SET run = excluded.run WHERE o.run <> excluded.run RETURNING job`,
      (rows) => new Set(rows.map(({ job }) => Number(job)))
    )

  const observe = Effect.fnUntraced(function*(run: number, ref: Job.BatchRef, page: ReadonlyArray<Job.JobSummary>) {
    const batch = (yield* batchesOf([ref]))(ref)
    const known = yield* read.find(ref, batch, page.map(({ id }) => id))
    const ids = new Map(Array.from(known, ([jobId, { id }]) => [jobId, id]))
    // A job that the page names twice is always news: what it said first counts too.
    const [once = [], ...more] = inRounds(page, ({ id }) => id)
    for (const round of [once.filter((summary) => isNews(summary, known.get(summary.id)?.entry)), ...more]) {
      // Only what is news is written: a page of a second run costs its marks and nothing else.
      if (round.length === 0) continue
      const rows = yield* upsertListing(round.map((summary) => listingRow(batch, summary)))
      for (const { id, job_id } of rows) ids.set(fromColumn(job_id), Number(id))
    }
    const first = yield* markObserved(run, Array.from(ids.values()).sort((a, b) => a - b))
    return page.map((summary): Ledger.Observation => {
      const repeated = !first.delete(ids.get(summary.id) ?? -1)
      return { summary, known: known.get(summary.id)?.entry ?? null, repeated }
    })
  })

  const upsertOutcomes = (rows: ReadonlyArray<ReturnType<typeof rowOf>>) =>
    sql<{ id: Int; batch: Int; job_id: string }>`INSERT INTO labelstream_jobs AS j
        (${sql.literal(Object.keys(outcomeColumns).join(", "))})
      SELECT ${sql.literal(Object.keys(outcomeColumns).join(", "))} FROM ${rowsOf(sql, outcomeColumns, rows)}
      WHERE true ORDER BY batch, job_id
      ON CONFLICT (batch, job_id) DO UPDATE SET ${sql.literal(onOutcome)} RETURNING id, batch, job_id`

  /** Removes receipts; a job without any is no longer stored. */
  const voidReceipts = Effect.fnUntraced(function*(outcomes: ReadonlyArray<Voided>) {
    const columns = { project_id: "text", batch_id: "text", job_id: "text", sink: "text" } as const
    const named = outcomes.map(({ batch: { batchId, projectId }, jobId, sink }) => ({
      project_id: projectId,
      batch_id: batchId,
      job_id: jobId,
      sink
    }))
    const removed = yield* sql<{ job: Int }>`DELETE FROM labelstream_receipts WHERE (job, sink) IN
      (SELECT j.id, s.id FROM ${rowsOf(sql, columns, named)} CROSS JOIN labelstream_batches b
        CROSS JOIN labelstream_jobs j CROSS JOIN labelstream_sinks s
        WHERE b.project_id = v.project_id AND b.batch_id = v.batch_id AND j.batch = b.id AND j.job_id = v.job_id
        AND s.name = v.sink) RETURNING job`
    const ids = removed.map(({ job }) => ({ id: Number(job) }))
    if (ids.length === 0) return
    yield* sql`UPDATE labelstream_jobs SET stage = 'listed' WHERE stage = 'stored'
      AND id IN (SELECT v.id FROM ${rowsOf(sql, { id: "integer" }, ids)})
      AND NOT EXISTS (SELECT 1 FROM labelstream_receipts r WHERE r.job = labelstream_jobs.id)`
  })

  const round = Effect.fnUntraced(function*(all: ReadonlyArray<Ledger.Outcome>) {
    const voided = all.filter((outcome) => outcome._tag === "Voided")
    if (voided.length > 0) yield* voidReceipts(voided)
    const outcomes = all.filter((outcome) => outcome._tag !== "Voided")
    if (outcomes.length === 0) return () => -1
    const batchOf = yield* batchesOf(outcomes.map(({ batch }) => batch))
    const receipts = outcomes.flatMap((outcome) => "receipt" in outcome ? [outcome] : [])
    const sinkOf = yield* sinksOf(receipts.map(({ sink }) => sink))
    const jobs = yield* upsertOutcomes(outcomes.map((outcome) => rowOf(batchOf(outcome.batch), outcome)))
    const ids = new Map(jobs.map(({ batch, id, job_id }) => [`${batch} ${fromColumn(job_id)}`, Number(id)]))
    const idOf = (outcome: Ledger.Outcome) => ids.get(`${batchOf(outcome.batch)} ${jobOf(outcome)}`) ?? -1
    if (receipts.length === 0) return idOf
    const rows = receipts.map((outcome) => ({
      job: idOf(outcome),
      sink: sinkOf(outcome.sink),
      revision_document: outcome.receipt.revision.document,
      revision_attachments: outcome.receipt.revision.attachments,
      bytes: outcome.receipt.bytes
    }))
    yield* sql`INSERT INTO labelstream_receipts (job, sink, revision_document, revision_attachments, bytes)
      SELECT job, sink, revision_document, revision_attachments, bytes FROM ${rowsOf(sql, receiptColumns, rows)}
      WHERE true ORDER BY job, sink
      ON CONFLICT (job, sink) DO UPDATE SET revision_document = excluded.revision_document,
        revision_attachments = excluded.revision_attachments, bytes = excluded.bytes`
    return idOf
  })

  return {
    forget,
    batchesOf,
    upsertListing,
    begin: (at: number): Effect.Effect<number, SqlError> =>
      Effect.map(
        sql<{ id: Int }>`INSERT INTO labelstream_runs (started_at) VALUES (${at}) RETURNING id`,
        ([row]) => Number(row?.id)
      ),
    endRun: (run: number, at: number, end: Ledger.RunEnd): Effect.Effect<void, SqlError> =>
      Effect.asVoid(sql`UPDATE labelstream_runs SET ended_at = ${at}, outcome = ${end.outcome}, listed = ${end.listed},
        exported = ${end.exported}, unchanged = ${end.unchanged}, unfinished = ${end.unfinished},
        failed = ${end.failed}, bytes = ${end.bytes} WHERE id = ${run}`),
    opened: Effect.fnUntraced(function*(sink: string) {
      const id = (yield* sinksOf([sink]))(sink)
      const wasClosed = yield* sql`UPDATE labelstream_sinks SET closed = 0 WHERE id = ${id} AND closed = 1 RETURNING id`
      return wasClosed.length > 0
    }),
    closed: Effect.fnUntraced(function*(sink: string) {
      const id = (yield* sinksOf([sink]))(sink)
      yield* sql`UPDATE labelstream_sinks SET closed = 1 WHERE id = ${id}`
    }),
    observe,
    /** Notes outcomes of which none is of the same job as another, and answers where to find the row of each. */
    round,
    record: (outcomes: ReadonlyArray<Ledger.Outcome>): Effect.Effect<void, SqlError> =>
      Effect.forEach(rounds(outcomes), round, { discard: true })
  }
}

export type Writes = ReturnType<typeof make>

const receiptColumns = {
  job: "integer",
  sink: "integer",
  revision_document: "text",
  revision_attachments: "text",
  bytes: "integer"
} as const

/*
 * What an outcome changes in a job that is known. The row tells which outcome it is: one that succeeded has what it was
 * stored as, one that was stored has a revision too, and one that was adopted has a revision alone.
 */
const isAdopted = "excluded.stage = 'stored' AND excluded.stored_status IS NULL"
const isSuccess = "excluded.stored_status IS NOT NULL"
const keepsRevision = `excluded.revision_document IS NULL OR (${isAdopted} AND j.revision_document IS NOT NULL)`
const either = (condition: string, column: string, ifSo: string, otherwise = `excluded.${column}`) =>
  `${column} = CASE WHEN ${condition} THEN ${ifSo} ELSE ${otherwise} END`

const onOutcome = [
  ...["stored_status", "stored_frames", "stored_annotations"].map((column) =>
    either(isSuccess, column, `excluded.${column}`, `j.${column}`)
  ),
  ...["revision_document", "revision_attachments", "bytes"].map((column) =>
    either(keepsRevision, column, `j.${column}`)
  ),
  ...["error_reason", "error_message", "error_retryable"].map((column) => either(isAdopted, column, `j.${column}`)),
  either(`${isAdopted} AND j.stage = 'failed'`, "stage", "j.stage"),
  "checked_at = coalesce(excluded.checked_at, j.checked_at)",
  `attempts = CASE WHEN ${isSuccess} THEN 0 ELSE j.attempts + excluded.attempts END`
].join(", ")

/** A listed job as a row. */
export const listingRow = (batch: number, { annotations, frames, id, referenceId, status }: Job.JobSummary) => ({
  batch,
  job_id: id,
  reference_id: referenceId,
  status,
  frames,
  annotations
})

const isNews = (summary: Job.JobSummary, entry: Ledger.LedgerEntry | undefined): boolean =>
  entry === undefined
  || (entry.storedAs === null && entry.stage === "stored")
  || entry.referenceId !== summary.referenceId
  || entry.listed.status !== summary.status
  || entry.listed.frames !== summary.frames
  || entry.listed.annotations !== summary.annotations
