/**
 * Writes pages of the listing and outcomes of jobs. A page is a few statements, whatever its size. Every statement
 * takes its rows in the order of their keys, and every call its tables in the same order, so that concurrent writers
 * wait for each other without a deadlock.
 */
import type { Job, Ledger } from "@labelstream/core"
import type { Observed } from "./observed.ts"
import {
  batchKey,
  inRounds,
  isNews,
  jobOf,
  listingRow,
  outcomeRow,
  type Recorder,
  upsertListing,
  upsertOutcomes,
  upsertReceipts,
  type Voided
} from "./outcomes.ts"
import { type Program, query, type Row, statement, transaction } from "./program.ts"
import type { Reads } from "./reads.ts"
import type { UpToDate } from "./upToDate.ts"

const insertRun = statement("INSERT INTO {runs} (started_at) VALUES (?) RETURNING id")
const updateRun = statement(
  `UPDATE {runs} SET ended_at = ?, outcome = ?, listed = ?, exported = ?, unchanged = ?, unfinished = ?, failed = ?,
     bytes = ? WHERE id = ?`
)
const insertBatch = statement(
  "INSERT INTO {batches} (project_id, batch_id) VALUES (?, ?) ON CONFLICT (project_id, batch_id) DO NOTHING"
)
const insertSink = statement("INSERT INTO {sinks} (name) VALUES (?) ON CONFLICT (name) DO NOTHING")
const selectSink = statement("SELECT id FROM {sinks} WHERE name = ?")
const setClosed = statement("UPDATE {sinks} SET closed = ? WHERE id = ? AND closed <> ? RETURNING id")

const deleteReceipts = statement(
  `DELETE FROM {receipts} WHERE (job, sink) IN
     (SELECT j.id, v.sink FROM {v} CROSS JOIN {jobs} j WHERE j.batch = v.batch AND j.job_id = v.job_id
       AND (v.lease = 0 OR v.lease >= j.lease))
   RETURNING job`,
  { batch: "integer", job_id: "text", sink: "integer", lease: "integer" }
)
const unstore = statement(
  `UPDATE {jobs} SET stage = 'pending' WHERE stage = 'stored' AND id IN (SELECT v.id FROM {v})
     AND NOT EXISTS (SELECT 1 FROM {receipts} r WHERE r.job = {jobs}.id)`,
  { id: "integer" }
)

/** Every writer takes rows in this order, so that no two writers wait for each other. */
const byText = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0

/** With `upToDate`, jobs that are up to date are found without reading their entries. */
export const make = (read: Reads, observed: Observed, upToDate?: UpToDate) => {
  // Ids of rows that are few and never removed; forgotten when a transaction that may have made one is taken back.
  const batches = new Map<string, number>()
  const sinks = new Map<string, number>()

  function* knownBatch(ref: Job.BatchRef): Program<number | undefined> {
    const key = batchKey(ref)
    const id = batches.get(key) ?? (yield* read.batchId(ref))
    if (id !== undefined) batches.set(key, id)
    return id
  }

  function* knownSink(name: string): Program<number | undefined> {
    const id = sinks.get(name) ?? (yield* query<[number]>(selectSink, [name]))[0]?.[0]
    if (id !== undefined) sinks.set(name, id)
    return id
  }

  /** Returns the rows of these batches, and makes those that are missing. */
  function* batchesOf(refs: ReadonlyArray<Job.BatchRef>): Program<(ref: Job.BatchRef) => number> {
    const missing = new Map<string, Job.BatchRef>()
    let last: Job.BatchRef | undefined
    for (const ref of refs) {
      if (ref !== last && !batches.has(batchKey(ref))) missing.set(batchKey(ref), ref)
      last = ref
    }
    for (const [, ref] of Array.from(missing).sort(([a], [b]) => byText(a, b))) {
      if ((yield* knownBatch(ref)) !== undefined) continue
      yield* query(insertBatch, [ref.projectId, ref.batchId])
      yield* knownBatch(ref)
    }
    let known: { readonly ref: Job.BatchRef; readonly id: number } | undefined
    return (ref) => {
      if (known?.ref !== ref) known = { ref, id: batches.get(batchKey(ref)) ?? -1 }
      return known.id
    }
  }

  /** Returns the rows of these sinks, and makes those that are missing. */
  function* sinksOf(names: ReadonlyArray<string>): Program<(name: string) => number> {
    for (const name of Array.from(new Set(names)).sort(byText)) {
      if ((yield* knownSink(name)) !== undefined) continue
      yield* query(insertSink, [name])
      yield* knownSink(name)
    }
    return (name) => sinks.get(name) ?? -1
  }

  /** The row of each job of a page that is up to date; none if no sink is asked about, or one that has stored nothing. */
  function* findUpToDate(
    run: number,
    batch: number,
    page: ReadonlyArray<Job.JobSummary>,
    names: ReadonlyArray<string>,
    attachments: Job.AttachmentChoice
  ): Program<ReadonlyArray<number | undefined>> {
    const ids: Array<number> = []
    if (upToDate === undefined || names.length === 0) return []
    for (const name of names) {
      const id = yield* knownSink(name)
      if (id === undefined) return []
      ids.push(id)
    }
    return yield* upToDate.find(run, batch, page, ids, attachments)
  }

  /** Records what is listed of jobs. Returns the row of each. */
  function* list(batch: number, summaries: ReadonlyArray<Job.JobSummary>): Program<ReadonlyArray<[number, string]>> {
    const rows = summaries.map((summary) => listingRow(batch, summary))
    return Array.from(yield* query<[number, string]>(upsertListing, [], rows))
  }

  function* observe(
    run: number,
    ref: Job.BatchRef,
    page: ReadonlyArray<Job.JobSummary>,
    names: ReadonlyArray<string> = [],
    attachments: Job.AttachmentChoice = "none"
  ): Program<ReadonlyArray<Ledger.Observation>> {
    if (page.length === 0) return []
    const batch = yield* knownBatch(ref)
    const rows = batch === undefined ? [] : yield* findUpToDate(run, batch, page, names, attachments)
    if (batch !== undefined && rows.length === page.length && rows.every((row) => row !== undefined)) {
      yield* observed.add(run, batch, rows)
      upToDate?.passed(run, batch, rows)
      return page.map(upToDateObservation)
    }
    const others = page.filter((_, i) => rows[i] === undefined)
    const known = batch === undefined ? undefined : yield* read.find(ref, batch, others.map(({ id }) => id))
    const ids = new Map(Array.from(known ?? [], ([jobId, { id }]) => [jobId, id]))
    // A job that the page names twice is always news: what it said first counts too.
    const [once = [], ...more] = inRounds(others, ({ id }) => id)
    const news = [once.filter((summary) => isNews(summary, known?.get(summary.id)?.entry)), ...more]
      .filter((round) => round.length > 0)
    // A page without news writes nothing.
    const made = news.length === 0 ? batch : yield* transaction(function*() {
      const made = (yield* batchesOf([ref]))(ref)
      for (const round of news) for (const [id, jobId] of yield* list(made, round)) ids.set(jobId, id)
      return made
    })
    // Every job of the page has its row by now.
    const listed = page.map(({ id }, i) => rows[i] ?? ids.get(id) ?? -1)
    const isNew = made === undefined ? [] : yield* observed.add(run, made, listed)
    if (made !== undefined) upToDate?.passed(run, made, listed)
    return page.map((summary, i) =>
      rows[i] === undefined
        ? { summary, known: known?.get(summary.id)?.entry ?? null, repeated: isNew[i] === false }
        : upToDateObservation(summary)
    )
  }

  /** Removes receipts; a job without any is no longer stored. */
  function* voidReceipts(outcomes: ReadonlyArray<Voided>, lease: number): Program<void> {
    const rows: Array<Row> = []
    for (const { batch, jobId, sink } of outcomes) {
      const [batchRow, sinkRow] = [yield* knownBatch(batch), yield* knownSink(sink)]
      if (batchRow !== undefined && sinkRow !== undefined) rows.push([batchRow, jobId, sinkRow, lease])
    }
    if (rows.length === 0) return
    const removed = yield* query<[number]>(deleteReceipts, [], rows)
    if (removed.length > 0) yield* query(unstore, [], removed.map(([job]) => job))
  }

  /**
   * Records outcomes of distinct jobs, and returns where to find the row of each; undefined for one that was recorded under a
   * later lease, of which nothing has changed.
   */
  function* round(
    all: ReadonlyArray<Ledger.Outcome>,
    by?: Recorder
  ): Program<(outcome: Ledger.Outcome) => number | undefined> {
    const voided = all.filter((outcome) => outcome._tag === "Voided")
    if (voided.length > 0) yield* voidReceipts(voided, by?.lease ?? 0)
    const outcomes = all.filter((outcome) => outcome._tag !== "Voided")
    if (outcomes.length === 0) return () => undefined
    const batchOf = yield* batchesOf(outcomes.map(({ batch }) => batch))
    const receipts = outcomes.flatMap((outcome) => "receipt" in outcome ? [outcome] : [])
    const sinkOf = yield* sinksOf(receipts.map(({ sink }) => sink))
    const jobs = yield* query<[id: number, batch: number, jobId: string]>(
      upsertOutcomes,
      [],
      outcomes.map((outcome) => outcomeRow(batchOf(outcome.batch), outcome, by))
    )
    const ids = new Map(jobs.map(([id, batch, jobId]) => [`${batch} ${jobId}`, id]))
    const idOf = (outcome: Ledger.Outcome) => ids.get(`${batchOf(outcome.batch)} ${jobOf(outcome)}`)
    const rows = receipts.flatMap((outcome): ReadonlyArray<Row> => {
      const { attachments = null, receipt: { bytes, revision }, sink } = outcome
      const job = idOf(outcome)
      return job === undefined
        ? []
        : [[job, sinkOf(sink), revision.document, revision.attachments, bytes, attachments]]
    })
    if (rows.length > 0) yield* query(upsertReceipts, [], rows)
    return idOf
  }

  return {
    /** For when rows that were made may have been undone. */
    forget: (): void => {
      batches.clear()
      sinks.clear()
    },
    batchesOf,
    list,
    observe,
    round,
    *begin(at: number): Program<number> {
      const [row] = yield* transaction(() => query<[number]>(insertRun, [at]))
      const run = row?.[0] ?? -1
      yield* observed.begin(run)
      return run
    },
    *endRun(run: number, at: number, end: Ledger.RunEnd): Program<void> {
      const { bytes, exported, failed, listed, outcome, unchanged, unfinished } = end
      yield* query(updateRun, [at, outcome, listed, exported, unchanged, unfinished, failed, bytes, run])
    },
    *opened(sink: string): Program<boolean> {
      return (yield* query(setClosed, [0, (yield* sinksOf([sink]))(sink), 0])).length > 0
    },
    *closed(sink: string): Program<void> {
      yield* query(setClosed, [1, (yield* sinksOf([sink]))(sink), 1])
    },
    *record(outcomes: ReadonlyArray<Ledger.Outcome>): Program<void> {
      for (const some of rounds(outcomes)) yield* round(some)
    }
  }
}

export type Writes = ReturnType<typeof make>

/** Outcomes in rounds, each with one outcome of a job at most. */
export const rounds = (outcomes: ReadonlyArray<Ledger.Outcome>): ReadonlyArray<ReadonlyArray<Ledger.Outcome>> => {
  let last: { readonly batch: Job.BatchRef; readonly key: string } | undefined
  return inRounds(outcomes, (outcome) => {
    // Outcomes of one batch mostly follow each other.
    if (last?.batch !== outcome.batch) last = { batch: outcome.batch, key: batchKey(outcome.batch) }
    return last.key + jobOf(outcome)
  })
}

const upToDateObservation = (summary: Job.JobSummary): Ledger.Observation => ({
  summary,
  known: null,
  repeated: false,
  upToDate: true
})
