/**
 * Writing: what a page of the listing says, and what became of jobs. Every call is one transaction.
 */
import type { Job, JobSink, Ledger } from "@labelstream/core"
import * as observing from "./ledgerObserved.ts"
import type * as reads from "./ledgerReads.ts"
import * as settling from "./ledgerSettled.ts"
import type { RowSet } from "./rowSet.ts"
import type { Database, Value } from "./sqlite.ts"

type Listing = readonly [status: string, frames: number | null, annotations: number | null]

const listing = (listed: Ledger.Listed): Listing => [listed.status, listed.frames, listed.annotations]

const unknown: Listing = ["", null, null]
// A sink holds finished jobs only.
const adopted: Listing = ["completed", null, null]

/** An outcome's statement: makes the job where it is not known, and changes it as given where it is. */
const upsert = (db: Database, columns: ReadonlyArray<string>, onConflict: string) =>
  db.prepare(
    `INSERT INTO jobs (batch, job_id, status, frames, annotations, ${columns.join(", ")})
     VALUES (${Array.from({ length: 5 + columns.length }, () => "?").join(", ")})
     ON CONFLICT (batch, job_id) DO UPDATE SET ${onConflict} RETURNING id`
  ).pluck()

const set = (columns: ReadonlyArray<string>) => columns.map((name) => `${name} = excluded.${name}`).join(", ")

const success = ["stored_status", "stored_frames", "stored_annotations", "checked_at", "stage"]
const revision = ["revision_document", "revision_attachments", "bytes"]
const noError = "error_reason = NULL, error_message = NULL, error_retryable = NULL"
const failure = ["error_reason", "error_message", "error_retryable", "checked_at", "stage"]

export const make = (db: Database, read: ReturnType<typeof reads.make>) => {
  const insertRun = db.prepare("INSERT INTO runs (started_at) VALUES (?)")
  const endRun = db.prepare(
    `UPDATE runs SET ended_at = ?, outcome = ?, listed = ?, exported = ?, unchanged = ?, unfinished = ?, failed = ?,
       bytes = ? WHERE id = ?`
  )
  const insertBatch = db.prepare("INSERT INTO batches (project_id, batch_id) VALUES (?, ?)")
  const insertSink = db.prepare("INSERT INTO sinks (name) VALUES (?)")
  const setClosed = db.prepare("UPDATE sinks SET closed = ? WHERE id = ? AND closed <> ?")
  const selectSink = db.prepare("SELECT id FROM sinks WHERE name = ?").pluck()
  const insertJob = db.prepare(
    `INSERT INTO jobs (batch, job_id, reference_id, status, frames, annotations, stage)
     VALUES (?, ?, ?, ?, ?, ?, 'listed')`
  )
  const updateListing = db.prepare(
    `UPDATE jobs SET reference_id = ?, status = ?, frames = ?, annotations = ?,
       stored_status = ?, stored_frames = ?, stored_annotations = ? WHERE id = ?`
  )
  const upsertReceipt = db.prepare("INSERT OR REPLACE INTO receipts VALUES (?, ?, ?, ?, ?)")

  const stored = upsert(db, [...success, ...revision], `${set([...success, ...revision])}, attempts = 0, ${noError}`)
  const unchanged = upsert(db, success, `${set(success)}, attempts = 0, ${noError}`)
  const unfinished = upsert(db, ["stage"], `stage = 'unfinished', ${noError}`)
  const failed = upsert(db, [...failure, "attempts"], `${set(failure)}, attempts = attempts + 1`)
  const adopt = upsert(
    db,
    ["stage", ...revision],
    `stage = iif(stage = 'failed', 'failed', 'stored'),
     revision_attachments = iif(revision_document IS NULL, excluded.revision_attachments, revision_attachments),
     revision_document = ifnull(revision_document, excluded.revision_document),
     bytes = ifnull(bytes, excluded.bytes)`
  )

  const voidReceipt = db.prepare(
    "DELETE FROM receipts WHERE sink = ? AND job = (SELECT id FROM jobs WHERE batch = ? AND job_id = ?)"
  )
  const withoutReceipts = db.prepare(
    `UPDATE jobs SET stage = 'listed' WHERE batch = ? AND job_id = ? AND stage = 'stored'
       AND NOT EXISTS (SELECT 1 FROM receipts WHERE job = jobs.id)`
  )

  const settled = settling.make(db)
  const observed = observing.make(db, () => synchronise(false))

  // Batches and sinks are few and never removed.
  const batches = new Map<string, number>()
  const sinks = new Map<string, number>()

  const knownBatch = known(batches, batchKey, read.batchId)
  const batchOf = (ref: Job.BatchRef): number => {
    const id = knownBatch(ref) ?? insertBatch.run(ref.projectId, ref.batchId).lastInsertRowid
    batches.set(batchKey(ref), id)
    return id
  }

  const knownSink = known(sinks, (name: string) => name, (name) => selectSink.get(name) as number | undefined)
  const sinkOf = (name: string): number => {
    const id = knownSink(name) ?? insertSink.run(name).lastInsertRowid
    sinks.set(name, id)
    return id
  }

  /** The row of each job of a page that is settled; none where no sink is asked about, or one that has stored nothing. */
  const findSettled = (
    seen: RowSet,
    batch: number,
    page: ReadonlyArray<Job.JobSummary>,
    names: ReadonlyArray<string>
  ): ReadonlyArray<number | undefined> => {
    const ids = names.flatMap((name) => knownSink(name) ?? [])
    return ids.length === 0 || ids.length < names.length ? [] : settled.find(seen, batch, page, ids)
  }

  /** For when rows that these name may have been undone. */
  const forget = (): void => {
    batches.clear()
    sinks.clear()
  }

  let isSynced: boolean | undefined
  /** Sets whether what is written next is to be on the disk when it is committed; a transaction keeps what it began with. */
  const synchronise = (synced: boolean): void => {
    if (isSynced === synced || db.inTransaction) return
    db.pragma(`synchronous = ${synced ? "FULL" : "NORMAL"}`)
    isSynced = synced
  }

  /** One transaction, on the disk when this returns. */
  const transaction = <A>(f: () => A): A => {
    try {
      synchronise(true)
      return db.transaction(f).immediate()
    } catch (cause) {
      forget()
      throw cause
    }
  }

  /** Calls from here on are one, until they are ended: kept, or taken back. */
  const open = (): void => {
    observed.write()
    synchronise(true)
    db.exec("BEGIN IMMEDIATE")
  }
  const end = (keep: boolean): void => {
    try {
      if (keep) db.exec("COMMIT")
    } finally {
      if (db.inTransaction) {
        db.exec("ROLLBACK")
        forget()
        observed.forget()
      }
    }
  }

  const receipt = (job: unknown, sink: string, { bytes, revision }: JobSink.Receipt) =>
    upsertReceipt.run(job as number, sinkOf(sink), revision.document, revision.attachments, bytes)

  const voided = (batch: number | undefined, sink: number | undefined, jobId: string): void => {
    if (batch === undefined || sink === undefined) return
    if (voidReceipt.run(sink, batch, jobId).changes > 0) withoutReceipts.run(batch, jobId)
  }

  const record = (outcome: Ledger.Outcome): void => {
    if (outcome._tag === "Voided") return voided(knownBatch(outcome.batch), knownSink(outcome.sink), outcome.jobId)
    const batch = batchOf(outcome.batch)
    switch (outcome._tag) {
      case "Stored": {
        const { document, attachments } = outcome.receipt.revision
        const listed = listing(outcome.listed)
        const success: ReadonlyArray<Value> = [...listed, outcome.at, "stored"]
        const revision: ReadonlyArray<Value> = [document, attachments, outcome.receipt.bytes]
        const job = stored.get(batch, outcome.receipt.jobId, ...listed, ...success, ...revision)
        return void receipt(job, outcome.sink, outcome.receipt)
      }
      case "Unchanged": {
        const listed = listing(outcome.listed)
        return void unchanged.get(batch, outcome.jobId, ...listed, ...listed, outcome.at, "stored")
      }
      case "Unfinished":
        return void unfinished.get(batch, outcome.jobId, ...unknown, "unfinished")
      case "Failed": {
        const { message, reason, retryable } = outcome.error
        const failure: ReadonlyArray<Value> = [reason, message, retryable ? 1 : 0, outcome.at, "failed"]
        return void failed.get(batch, outcome.jobId, ...unknown, ...failure, 1)
      }
      case "Adopted": {
        const { bytes, jobId, revision } = outcome.receipt
        const job = adopt.get(batch, jobId, ...adopted, "stored", revision.document, revision.attachments, bytes)
        return void receipt(job, outcome.sink, outcome.receipt)
      }
    }
  }

  /** Notes what is listed of one job, and answers it as it stands then. */
  const relist = (ref: Job.BatchRef, summary: Job.JobSummary, before: reads.Found | undefined): reads.Found => {
    const { annotations, frames, id: jobId, referenceId, status } = summary
    const listed = { status, frames, annotations }
    if (before === undefined) {
      const id = insertJob.run(batchOf(ref), jobId, referenceId, status, frames, annotations).lastInsertRowid
      return { id, entry: newEntry(ref, summary) }
    }
    if (!isNews(summary, before)) return before
    const storedAs = before.entry.storedAs ?? (before.entry.stage === "stored" ? listed : null)
    const stored: ReadonlyArray<Value> = storedAs === null ? [null, null, null] : listing(storedAs)
    updateListing.run(referenceId, status, frames, annotations, ...stored, before.id)
    return { ...before, entry: { ...before.entry, referenceId, listed, storedAs } }
  }

  const observe = (
    run: number,
    ref: Job.BatchRef,
    page: ReadonlyArray<Job.JobSummary>,
    sinks: ReadonlyArray<string> = []
  ): ReadonlyArray<Ledger.Observation> => {
    const batch = knownBatch(ref)
    const rows = batch === undefined ? [] : findSettled(observed.in(run), batch, page, sinks)
    if (batch !== undefined && rows.length === page.length && rows.every((row) => row !== undefined)) {
      observed.add(run, batch, rows)
      settled.passed(batch, rows)
      return page.map(settledObservation)
    }
    const others = page.filter((_, i) => rows[i] === undefined)
    const found = batch === undefined ? [] : read.find(ref, batch, others.map(({ id }) => id))
    const before = new Map(others.map(({ id }, i) => [id, found[i]]))
    const current = new Map(before)
    const list = () => {
      for (const summary of others) current.set(summary.id, relist(ref, summary, current.get(summary.id)))
    }
    if (others.some((summary) => isNews(summary, before.get(summary.id)))) transaction(list)
    // Every job of the page has its row by now.
    const listed = page.flatMap(({ id }, i) => rows[i] ?? current.get(id)?.id ?? [])
    const isNew = listed.length === 0 ? [] : observed.add(run, batchOf(ref), listed)
    if (listed.length > 0) settled.passed(batchOf(ref), listed)
    return page.map((summary, i) =>
      rows[i] === undefined
        ? { summary, known: before.get(summary.id)?.entry ?? null, repeated: isNew[i] === false }
        : settledObservation(summary)
    )
  }

  return {
    begin: (at: number): number => {
      const run = transaction(() => insertRun.run(at).lastInsertRowid)
      observed.begin(run)
      settled.begin()
      return run
    },
    endRun: (run: number, at: number, end: Ledger.RunEnd): void => {
      const { bytes, exported, failed, listed, outcome, unchanged, unfinished } = end
      transaction(() => endRun.run(at, outcome, listed, exported, unchanged, unfinished, failed, bytes, run))
    },
    writeObserved: observed.write,
    /** Whether it is known that a run has observed all jobs of a batch. */
    hasObservedAll: (run: number, ref: Job.BatchRef): boolean => {
      const batch = knownBatch(ref)
      return batch !== undefined && observed.isWhole(run, batch)
    },
    record: (outcomes: ReadonlyArray<Ledger.Outcome>): void => transaction(() => outcomes.forEach(record)),
    opened: (sink: string): boolean => transaction(() => setClosed.run(0, sinkOf(sink), 0).changes > 0),
    closed: (sink: string): void => transaction(() => void setClosed.run(1, sinkOf(sink), 1)),
    open,
    end,
    observe
  }
}

const settledObservation = (summary: Job.JobSummary): Ledger.Observation => ({
  summary,
  known: null,
  repeated: false,
  settled: true
})

/** Finds a row's number, once: what has one keeps it. */
const known =
  <A>(numbers: Map<string, number>, key: (of: A) => string, find: (of: A) => number | undefined) =>
  (of: A): number | undefined => {
    const number = numbers.get(key(of)) ?? find(of)
    if (number !== undefined) numbers.set(key(of), number)
    return number
  }

const batchKey = (ref: Job.BatchRef) => JSON.stringify([ref.projectId, ref.batchId])

const isNews = (summary: Job.JobSummary, found: reads.Found | undefined): boolean =>
  found === undefined
  || (found.entry.storedAs === null && found.entry.stage === "stored")
  || found.entry.referenceId !== summary.referenceId
  || found.entry.listed.status !== summary.status
  || found.entry.listed.frames !== summary.frames
  || found.entry.listed.annotations !== summary.annotations

const newEntry = (ref: Job.BatchRef, summary: Job.JobSummary): Ledger.LedgerEntry => ({
  projectId: ref.projectId,
  batchId: ref.batchId,
  jobId: summary.id,
  referenceId: summary.referenceId,
  listed: { status: summary.status, frames: summary.frames, annotations: summary.annotations },
  storedAs: null,
  stage: "listed",
  revision: null,
  bytes: null,
  attempts: 0,
  error: null,
  checkedAt: null,
  receipts: []
})
