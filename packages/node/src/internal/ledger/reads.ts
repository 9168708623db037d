/**
 * Reading entries: rows and their receipts as entries, and walks over all of them in steps by key range, so that a walk
 * holds one step in memory and no lock between two of them.
 */
import type { Job, Ledger } from "@labelstream/core"
import { entryColumns, type EntryRow, type Found, runColumns, type RunRow, toEntry, toRun } from "./entry.ts"
import type { Observed } from "./observed.ts"
import { type Program, query, type Statement, statement } from "./program.ts"

/** Jobs in one step of a walk. */
export const step = 1000

/** The position of a walk: after this job of this batch; no job id is empty. */
export interface Position {
  readonly batch: number
  readonly ref: Job.BatchRef
  readonly after: string
}

/** What one step of a walk has found, perhaps nothing, and where the next one begins; undefined at the end. */
export interface Step<A> {
  readonly entries: ReadonlyArray<A>
  readonly next: Position | undefined
}

// A statement for a page of ids instead of one for each: a tenth of the time. CROSS JOIN keeps the order of the tables.
const selectJobs = statement(
  `SELECT ${entryColumns} FROM {v} CROSS JOIN {jobs} j WHERE j.batch = +? AND j.job_id = v.job_id`,
  { job_id: "text" }
)
const selectReceipts = statement(
  `SELECT r.job, s.name, r.revision_document, r.revision_attachments, r.bytes, r.attachments
   FROM {v} CROSS JOIN {receipts} r CROSS JOIN {sinks} s WHERE r.job = v.job AND s.id = r.sink ORDER BY r.job, s.name`,
  { job: "integer" }
)
const selectBatch = statement("SELECT id FROM {batches} WHERE project_id = ? AND batch_id = ?")
const selectNextBatch = statement(
  `SELECT id, project_id, batch_id FROM {batches} WHERE (project_id, batch_id) > (?, ?)
   ORDER BY project_id, batch_id LIMIT 1`
)
const selectFirstBatch = statement(
  "SELECT id, project_id, batch_id FROM {batches} ORDER BY project_id, batch_id LIMIT 1"
)
const selectStep = (index: string, condition: string) =>
  statement(
    `SELECT ${entryColumns} FROM {jobs} j ${index} WHERE j.batch = ? ${condition} AND j.job_id > ?
     ORDER BY j.job_id LIMIT ${step}`
  )
const steps = {
  all: selectStep("", ""),
  // The stage is part of the text: SQLite does not use a partial index for a stage that is bound as a parameter.
  failed: selectStep("{indexed by jobs_to_retry}", "AND j.stage = 'failed'"),
  unfinished: selectStep("{indexed by jobs_to_retry}", "AND j.stage = 'unfinished'")
}
const selectEdge = statement(
  `SELECT count(*), max(s.job_id)
   FROM (SELECT job_id FROM {jobs} WHERE batch = ? AND job_id > ? ORDER BY job_id LIMIT ${step}) s`
)

/** Selects the jobs of one step that have no row for a run in a table of `job` and `run`. */
export const selectWithout = (table: string): Statement =>
  statement(
    `SELECT ${entryColumns} FROM {jobs} j LEFT JOIN {${table}} o ON o.job = j.id AND o.run = ?
     WHERE j.batch = ? AND j.job_id > ? AND j.job_id <= ? AND o.job IS NULL ORDER BY j.job_id`
  )
const selectUnobserved = selectWithout("observed")

const countStages = statement("SELECT stage, count(*) FROM {jobs} WHERE batch = ? GROUP BY stage")
const selectReceipt = statement(
  "SELECT job FROM {receipts} WHERE sink = (SELECT id FROM {sinks} WHERE name = ?) LIMIT 1"
)
const countReceipts = statement(
  "SELECT count(*) FROM {receipts} WHERE sink = (SELECT id FROM {sinks} WHERE name = ?)"
)
const selectRuns = statement(`SELECT ${runColumns} FROM {runs} WHERE id < ? ORDER BY id DESC LIMIT ${step}`)

type ReceiptRow = readonly [
  job: number,
  sink: string,
  document: string,
  files: string,
  bytes: number,
  attachments: Job.AttachmentChoice | null
]

type BatchRow = readonly [id: number, projectId: string, batchId: string]

export const make = (observed: Observed) => {
  function* receiptsOf(ids: ReadonlyArray<number>): Program<ReadonlyMap<number, ReadonlyArray<Ledger.LedgerReceipt>>> {
    const byJob = new Map<number, Array<Ledger.LedgerReceipt>>()
    if (ids.length === 0) return byJob
    const rows = yield* query<ReceiptRow>(selectReceipts, [], ids)
    for (const [job, sink, document, files, bytes, attachments] of rows) {
      const receipts = byJob.get(job) ?? []
      receipts.push({ sink, revision: { document, attachments: files }, bytes, attachments })
      byJob.set(job, receipts)
    }
    return byJob
  }

  function* toFound(ref: Job.BatchRef, rows: ReadonlyArray<EntryRow>): Program<ReadonlyArray<Found>> {
    const receipts = yield* receiptsOf(rows.map(([id]) => id))
    return rows.map((row) => ({ id: row[0], entry: toEntry(ref, row, receipts.get(row[0])) }))
  }

  function* batchId(ref: Job.BatchRef): Program<number | undefined> {
    const [row] = yield* query<[number]>(selectBatch, [ref.projectId, ref.batchId])
    return row?.[0]
  }

  const toPosition = ([row]: ReadonlyArray<BatchRow>): Position | undefined =>
    row && { batch: row[0], ref: { projectId: row[1], batchId: row[2] }, after: "" }

  /** The position after a batch. */
  function* nextBatch({ ref }: Position): Program<Position | undefined> {
    return toPosition(yield* query<BatchRow>(selectNextBatch, [ref.projectId, ref.batchId]))
  }

  function* find(
    ref: Job.BatchRef,
    batch: number,
    ids: ReadonlyArray<string>
  ): Program<ReadonlyMap<string, Found>> {
    if (ids.length === 0) return new Map()
    const found = yield* toFound(ref, yield* query<EntryRow>(selectJobs, [batch], Array.from(new Set(ids))))
    return new Map(found.map((one) => [one.entry.jobId, one]))
  }

  /** Rows of one step that may be wanted, how many jobs it went over, and the last of them. */
  function* readStep(
    { after, batch }: Position,
    { notObservedIn, stage }: Ledger.EntryFilter,
    without: Statement
  ): Program<{ readonly rows: ReadonlyArray<EntryRow>; readonly count: number; readonly last: string | undefined }> {
    if (notObservedIn !== undefined) {
      const [edge] = yield* query<[count: number, last: string | null]>(selectEdge, [batch, after])
      const [count, last] = edge ?? [0, null]
      if (last === null) return { rows: [], count, last: undefined }
      return { rows: yield* query<EntryRow>(without, [notObservedIn, batch, after, last]), count, last }
    }
    const rows = yield* query<EntryRow>(
      steps[stage === "failed" || stage === "unfinished" ? stage : "all"],
      [batch, after]
    )
    return { rows, count: rows.length, last: rows.at(-1)?.[1] }
  }

  return {
    batchId,
    nextBatch,
    /** The jobs of these ids as they are known, by id. */
    find,
    *entries(ref: Job.BatchRef, ids: ReadonlyArray<string>): Program<ReadonlyArray<Ledger.LedgerEntry | null>> {
      const batch = yield* batchId(ref)
      const found = batch === undefined ? undefined : yield* find(ref, batch, ids)
      return ids.map((id) => found?.get(id)?.entry ?? null)
    },
    /** The first position that the filter asks for; undefined if there is none. */
    *first({ batch: ref, notObservedIn: run }: Ledger.EntryFilter): Program<Position | undefined> {
      if (ref === undefined) return toPosition(yield* query<BatchRow>(selectFirstBatch))
      const batch = yield* batchId(ref)
      if (batch === undefined || (run !== undefined && (yield* observed.isWhole(run, batch)))) return undefined
      return { batch, ref, after: "" }
    },
    /** `without` selects what a run has not observed: see {@link selectWithout}. */
    *walk(
      at: Position,
      filter: Ledger.EntryFilter,
      without: Statement = selectUnobserved
    ): Program<Step<Ledger.LedgerEntry>> {
      if (filter.notObservedIn !== undefined) yield* observed.write()
      const { count, last, rows } = yield* readStep(at, filter, without)
      const wanted = filter.stage === undefined ? rows : rows.filter((row) => row[9] === filter.stage)
      const entries = (yield* toFound(at.ref, wanted)).map(({ entry }) => entry)
      if (count === step && last !== undefined) return { entries, next: { ...at, after: last } }
      return { entries, next: filter.batch === undefined ? yield* nextBatch(at) : undefined }
    },
    *counts(ref: Job.BatchRef): Program<Ledger.StageCounts> {
      const counts: Record<Ledger.JobStage, number> = { pending: 0, unfinished: 0, stored: 0, failed: 0 }
      const batch = yield* batchId(ref)
      if (batch === undefined) return counts
      for (const [stage, count] of yield* query<[Ledger.JobStage, number]>(countStages, [batch])) counts[stage] = count
      return counts
    },
    /** Runs with a smaller number than this, the latest first: as many as one step holds. */
    *runs(before: number): Program<ReadonlyArray<Ledger.Run>> {
      return (yield* query<RunRow>(selectRuns, [before])).map(toRun)
    },
    *hasReceipts(sink: string): Program<boolean> {
      return (yield* query(selectReceipt, [sink])).length > 0
    },
    *countReceipts(sink: string): Program<number> {
      const [row] = yield* query<[number]>(countReceipts, [sink])
      return row?.[0] ?? 0
    }
  }
}

export type Reads = ReturnType<typeof make>
