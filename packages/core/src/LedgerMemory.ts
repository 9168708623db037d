/**
 * A ledger that lasts as long as its layer: for tests, and for runs that need not be resumed. Behaves like a durable one
 * in everything else, and costs about 1 KiB of memory a job.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { BatchRef, JobSummary } from "./Job.ts"
import type { Receipt, Revision } from "./JobSink.ts"
import {
  type Audit,
  type EntryFilter,
  type JobKey,
  type JobStage,
  Ledger,
  type LedgerEntry,
  type LedgerReceipt,
  type Listed,
  type Observation,
  type Outcome,
  type Run,
  takingTurns
} from "./Ledger.ts"

const step = 1000

interface Batch {
  readonly ref: BatchRef
  readonly jobs: Map<string, LedgerEntry>
  /** The last run that has observed a job. */
  readonly observed: Map<string, number>
}

const make = (): Ledger["Service"] => {
  const batches = new Map<string, Batch>()
  const runs: Array<Run> = []
  /** Sinks whose commits are all recorded. */
  const closed = new Set<string>()

  const batchOf = (ref: BatchRef): Batch => {
    const key = JSON.stringify([ref.projectId, ref.batchId])
    let batch = batches.get(key)
    if (batch === undefined) {
      batch = { ref: { projectId: ref.projectId, batchId: ref.batchId }, jobs: new Map(), observed: new Map() }
      batches.set(key, batch)
    }
    return batch
  }

  const observe = (run: number, ref: BatchRef, page: ReadonlyArray<JobSummary>): ReadonlyArray<Observation> => {
    const batch = batchOf(ref)
    const before = page.map((summary) => batch.jobs.get(summary.id) ?? null)
    return page.map((summary, i) => {
      const known = before[i] ?? null
      const repeated = batch.observed.get(summary.id) === run
      batch.observed.set(summary.id, run)
      batch.jobs.set(summary.id, relisted(batch.jobs.get(summary.id) ?? unseen(ref, summary.id), summary))
      return { summary, known, repeated }
    })
  }

  const record = (outcome: Outcome): void => {
    const batch = batchOf(outcome.batch)
    const jobId = "receipt" in outcome ? outcome.receipt.jobId : outcome.jobId
    const known = batch.jobs.get(jobId)
    if (outcome._tag !== "Voided") batch.jobs.set(jobId, applied(known, outcome, jobId))
    else if (known !== undefined) batch.jobs.set(jobId, withoutReceipt(known, outcome.sink))
  }

  const matches = (batch: Batch, filter: EntryFilter) => (entry: LedgerEntry | undefined): entry is LedgerEntry =>
    entry !== undefined
    && (filter.stage === undefined || entry.stage === filter.stage)
    && (filter.notObservedIn === undefined || batch.observed.get(entry.jobId) !== filter.notObservedIn)

  const inOrder = (): Array<Batch> =>
    Array.from(batches.values()).sort((a, b) =>
      compare(a.ref.projectId, b.ref.projectId) || compare(a.ref.batchId, b.ref.batchId)
    )

  function* entries(filter: EntryFilter): Generator<ReadonlyArray<LedgerEntry>> {
    for (const batch of filter.batch === undefined ? inOrder() : [batchOf(filter.batch)]) {
      const ids = Array.from(batch.jobs.keys()).sort(compare)
      for (let at = 0; at < ids.length; at += step) {
        const found = ids.slice(at, at + step).map((id) => batch.jobs.get(id)).filter(matches(batch, filter))
        if (found.length > 0) yield found
      }
    }
  }

  const countReceipts = (sink: string): number =>
    Array.from(
      batches.values(),
      ({ jobs }) =>
        Array.from(jobs.values()).filter(({ receipts }) => receipts.some((receipt) => receipt.sink === sink)).length
    )
      .reduce((sum, count) => sum + count, 0)

  const audit = (sink: string): Audit => {
    const checked = new Set<LedgerEntry["receipts"][number]>()
    // A sink's receipts do not name the project: batches of several projects can be meant.
    const receiptsOf = ({ batchId, jobId }: JobKey) =>
      Array.from(batches.values())
        .flatMap((batch) => batch.ref.batchId === batchId ? batch.jobs.get(jobId)?.receipts ?? [] : [])
        .filter((receipt) => receipt.sink === sink)
    return {
      check: (found, besides) =>
        Effect.sync(() => {
          for (const key of [...found, ...besides]) for (const receipt of receiptsOf(key)) checked.add(receipt)
          return found.map((receipt) => {
            const known = receiptsOf(receipt)
            if (known.some((one) => one.bytes === receipt.bytes && sameRevision(one.revision, receipt.revision))) {
              return "match"
            }
            return known.length > 0 ? "differs" : "unknown"
          })
        }),
      unchecked: Stream.suspend(() =>
        Stream.fromIterable(entries({}), { chunkSize: 1 }).pipe(
          Stream.map((page) =>
            page
              .filter(({ receipts }) => receipts.some((receipt) => receipt.sink === sink && !checked.has(receipt)))
              .map(({ batchId, jobId, projectId }) => ({ projectId, batchId, jobId }))
          ),
          Stream.filter((page) => page.length > 0)
        )
      )
    }
  }

  return takingTurns({
    begin: Effect.map(
      Clock.currentTimeMillis,
      (startedAt) => runs.push({ run: runs.length + 1, startedAt, endedAt: null, end: null })
    ),
    end: (run, end) =>
      Effect.map(Clock.currentTimeMillis, (endedAt) => {
        const begun = runs[run - 1]
        if (begun !== undefined) runs[run - 1] = { ...begun, endedAt, end: { ...end } }
      }),
    runs: Stream.suspend(() => runs.length === 0 ? Stream.empty : Stream.succeed(runs.toReversed())),
    observe: (run, batch, page) => Effect.sync(() => observe(run, batch, page)),
    record: (outcomes) => Effect.sync(() => outcomes.forEach(record)),
    transaction: (effect) =>
      Effect.suspend(() => {
        const before = Array.from(batches, ([key, { jobs, observed, ref }]): [string, Batch] => [
          key,
          { ref, jobs: new Map(jobs), observed: new Map(observed) }
        ])
        const takeBack = Effect.sync(() => {
          batches.clear()
          for (const [key, batch] of before) batches.set(key, batch)
        })
        return Effect.onExit(effect, (exit) => Exit.isSuccess(exit) ? Effect.void : takeBack)
      }),
    entries: (filter) => Stream.suspend(() => Stream.fromIterable(entries(filter), { chunkSize: 1 })),
    find: (ref, ids) => Effect.sync(() => ids.map((id) => batchOf(ref).jobs.get(id) ?? null)),
    counts: (ref) =>
      Effect.sync(() => {
        const counts: Record<JobStage, number> = { pending: 0, unfinished: 0, stored: 0, failed: 0 }
        for (const entry of batchOf(ref).jobs.values()) counts[entry.stage]++
        return counts
      }),
    audit: (sink) => Effect.sync(() => audit(sink)),
    hasReceipts: (sink) => Effect.sync(() => countReceipts(sink) > 0),
    countReceipts: (sink) => Effect.sync(() => countReceipts(sink)),
    opened: (sink) => Effect.sync(() => closed.delete(sink)),
    closed: (sink) => Effect.sync(() => void closed.add(sink))
  })
}

const unseen = (batch: BatchRef, jobId: string, listed: Listed = unknown): LedgerEntry => ({
  projectId: batch.projectId,
  batchId: batch.batchId,
  jobId,
  referenceId: null,
  listed,
  storedAs: null,
  stage: "pending",
  revision: null,
  bytes: null,
  attempts: 0,
  error: null,
  checkedAt: null,
  receipts: []
})

const unknown: Listed = { status: "", frames: null, annotations: null }
// A sink holds finished jobs only.
const reconciled: Listed = { status: "completed", frames: null, annotations: null }

const relisted = (entry: LedgerEntry, summary: JobSummary): LedgerEntry => {
  const listed = { status: summary.status, frames: summary.frames, annotations: summary.annotations }
  const storedAs = entry.storedAs ?? (entry.stage === "stored" ? listed : null)
  return { ...entry, referenceId: summary.referenceId, listed, storedAs }
}

type Applied = Exclude<Outcome, { readonly _tag: "Voided" }>

const applied = (known: LedgerEntry | undefined, outcome: Applied, jobId: string): LedgerEntry => {
  switch (outcome._tag) {
    case "Stored": {
      const entry = known ?? unseen(outcome.batch, jobId, outcome.listed)
      return {
        ...succeeded(entry, outcome),
        revision: outcome.receipt.revision,
        bytes: outcome.receipt.bytes,
        receipts: withReceipt(entry, outcome)
      }
    }
    case "Unchanged":
      return succeeded(known ?? unseen(outcome.batch, jobId, outcome.listed), outcome)
    case "Unfinished":
      return { ...known ?? unseen(outcome.batch, jobId), stage: "unfinished", error: null }
    case "Failed": {
      const entry = known ?? unseen(outcome.batch, jobId)
      return {
        ...entry,
        stage: "failed",
        error: outcome.error,
        attempts: entry.attempts + 1,
        checkedAt: outcome.at
      }
    }
    case "Reconciled": {
      const entry = known ?? unseen(outcome.batch, jobId, reconciled)
      return {
        ...entry,
        stage: entry.stage === "failed" ? "failed" : "stored",
        revision: entry.revision ?? outcome.receipt.revision,
        bytes: entry.bytes ?? outcome.receipt.bytes,
        receipts: withReceipt(entry, outcome)
      }
    }
  }
}

const succeeded = (entry: LedgerEntry, outcome: { readonly listed: Listed; readonly at: number }): LedgerEntry => ({
  ...entry,
  storedAs: outcome.listed,
  stage: "stored",
  attempts: 0,
  error: null,
  checkedAt: outcome.at
})

const sameRevision = (a: Revision, b: Revision) => a.document === b.document && a.attachments === b.attachments

const withReceipt = (
  entry: LedgerEntry,
  { attachments, receipt: { bytes, revision }, sink }: Extract<Applied, { readonly receipt: Receipt }>
): ReadonlyArray<LedgerReceipt> =>
  [
    ...entry.receipts.filter((other) => other.sink !== sink),
    { sink, revision, bytes, attachments: attachments ?? null }
  ].sort((a, b) => compare(a.sink, b.sink))

const withoutReceipt = (entry: LedgerEntry, sink: string): LedgerEntry => {
  const receipts = entry.receipts.filter((other) => other.sink !== sink)
  if (receipts.length === entry.receipts.length) return entry
  return { ...entry, receipts, stage: entry.stage === "stored" && receipts.length === 0 ? "pending" : entry.stage }
}

// By code point, as databases order text; `<` alone is by UTF-16 unit, which puts emoji before some letters.
const compare = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return surrogatesLast(x) - surrogatesLast(y)
  }
  return a.length - b.length
}

const surrogatesLast = (unit: number) => unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit

/** Provides a new, empty ledger. Nothing of it survives the layer. */
export const layer: Layer.Layer<Ledger> = Layer.sync(Ledger, make)
