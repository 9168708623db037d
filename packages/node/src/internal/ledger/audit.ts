/** Holding what a sink has against its receipts. Which jobs were checked is known in memory: nothing is written. */
import type { JobSink, Ledger } from "@labelstream/core"
import { type Program, query, statement } from "./program.ts"
import { type Position, type Reads, type Step, step } from "./reads.ts"
import { RowSet } from "./rowSet.ts"

type Word = "match" | "differs" | "unknown"

// A sink's receipts do not name the project: batches of several projects can be meant.
const selectBatches = statement("SELECT id FROM {batches} WHERE batch_id = ?")
const selectReceipts = statement(
  `SELECT j.job_id, r.job, r.revision_document, r.revision_attachments, r.bytes
   FROM {v} CROSS JOIN {jobs} j CROSS JOIN {receipts} r
   WHERE j.batch = +? AND j.job_id = v.job_id AND r.job = j.id
   AND r.sink = (SELECT id FROM {sinks} WHERE name = ?)`,
  { job_id: "text" }
)
const selectStep = statement(
  `SELECT j.job_id, r.job FROM
     (SELECT id, job_id FROM {jobs} WHERE batch = ? AND job_id > ? ORDER BY job_id LIMIT ${step}) j
   LEFT JOIN {receipts} r ON r.job = j.id AND r.sink = (SELECT id FROM {sinks} WHERE name = ?) ORDER BY j.job_id`
)

/** Starts an audit of one sink. */
export const make = (read: Reads, sink: string) => {
  const checked = new RowSet()
  const batches = new Map<string, ReadonlyArray<number>>()

  function* batchesOf(id: string): Program<ReadonlyArray<number>> {
    const known = batches.get(id)
    if (known !== undefined) return known
    const found = (yield* query<[number]>(selectBatches, [id])).map(([batch]) => batch)
    // One that comes later is looked for again.
    if (found.length > 0) batches.set(id, found)
    return found
  }

  /** Calls back for every receipt of the sink that is on record for one of these jobs. */
  function* each(
    keys: ReadonlyArray<Ledger.JobKey>,
    found: (indices: ReadonlyArray<number>, job: number, known: JobSink.Revision & { readonly bytes: number }) => void
  ): Program<void> {
    for (const [batchId, indices] of Map.groupBy(keys.keys(), (index) => keys[index]?.batchId ?? "")) {
      const byJob = Map.groupBy(indices, (index) => keys[index]?.jobId ?? "")
      for (const batch of yield* batchesOf(batchId)) {
        const rows = yield* query<[jobId: string, job: number, document: string, attachments: string, bytes: number]>(
          selectReceipts,
          [batch, sink],
          Array.from(byJob.keys())
        )
        for (const [jobId, job, document, attachments, bytes] of rows) {
          found(byJob.get(jobId) ?? [], job, { document, attachments, bytes })
        }
      }
    }
  }

  return {
    *check(
      receipts: ReadonlyArray<JobSink.Receipt>,
      besides: ReadonlyArray<Ledger.JobKey>
    ): Program<ReadonlyArray<Word>> {
      const words: Array<Word> = receipts.map(() => "unknown")
      yield* each(receipts, (indices, job, { attachments, bytes, document }) => {
        checked.add(job)
        for (const index of indices) {
          const receipt = receipts[index]
          const same = receipt?.bytes === bytes && receipt.revision.document === document
            && receipt.revision.attachments === attachments
          if (words[index] !== "match") words[index] = same ? "match" : "differs"
        }
      })
      yield* each(besides, (_, job) => checked.add(job))
      return words
    },
    *walk(at: Position): Program<Step<Ledger.ProjectJobKey>> {
      const rows = yield* query<[jobId: string, job: number | null]>(selectStep, [at.batch, at.after, sink])
      const entries = rows.flatMap(([jobId, job]) => job === null || checked.has(job) ? [] : [{ ...at.ref, jobId }])
      const last = rows.at(-1)
      if (rows.length === step && last !== undefined) return { entries, next: { ...at, after: last[0] } }
      return { entries, next: yield* read.nextBatch(at) }
    }
  }
}
