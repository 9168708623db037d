/** Holding what a sink has against its receipts. Which jobs were checked is known in memory: nothing is written. */
import type { JobSink, Ledger } from "@labelstream/core"
import { type make as makeReads, type Position, step } from "./ledgerReads.ts"
import { RowSet } from "./rowSet.ts"
import type { Database } from "./sqlite.ts"

type Word = "match" | "differs" | "unknown"

export const make = (db: Database, read: ReturnType<typeof makeReads>) => {
  const selectSink = db.prepare("SELECT id FROM sinks WHERE name = ?").pluck()
  const selectBatches = db.prepare("SELECT id FROM batches WHERE batch_id = ?").pluck()
  const selectReceipts = db.prepare(
    `SELECT k.key, r.job, r.revision_document, r.revision_attachments
     FROM json_each(?) k CROSS JOIN jobs j ON j.batch = ? AND j.job_id = k.value
     JOIN receipts r ON r.job = j.id AND r.sink = ?`
  ).raw()
  const selectStep = db.prepare(
    `SELECT j.job_id, r.job FROM (SELECT id, job_id FROM jobs WHERE batch = ? AND job_id > ?
       ORDER BY job_id LIMIT ${step}) j LEFT JOIN receipts r ON r.job = j.id AND r.sink = ? ORDER BY j.job_id`
  ).raw()

  return (sinkName: string) => {
    const sink = selectSink.get(sinkName) as number | undefined
    const checked = new RowSet()
    const batches = new Map<string, Array<number>>()

    // A sink's receipts do not name the project: batches of several projects can be meant.
    const batchesOf = (id: string): Array<number> => {
      const known = batches.get(id)
      if (known !== undefined) return known
      const found = selectBatches.all(id) as Array<number>
      // One that comes later is looked for again.
      if (found.length > 0) batches.set(id, found)
      return found
    }

    /** Calls back for every receipt of the sink that is on record for one of these jobs. */
    const each = (
      keys: ReadonlyArray<Ledger.JobKey>,
      found: (index: number, job: number, revision: JobSink.Revision) => void
    ): void => {
      if (sink === undefined) return
      for (const [batchId, indices] of Map.groupBy(keys.keys(), (index) => keys[index]?.batchId ?? "")) {
        const ids = JSON.stringify(indices.map((index) => keys[index]?.jobId))
        for (const batch of batchesOf(batchId)) {
          for (const row of selectReceipts.all(ids, batch, sink)) {
            const [key, job, document, attachments] = row as [number, number, string, string]
            found(indices[key] ?? -1, job, { document, attachments })
          }
        }
      }
    }

    return {
      check: (receipts: ReadonlyArray<JobSink.Receipt>, besides: ReadonlyArray<Ledger.JobKey>): Array<Word> => {
        const words: Array<Word> = receipts.map(() => "unknown")
        each(receipts, (index, job, { attachments, document }) => {
          checked.add(job)
          const revision = receipts[index]?.revision
          const same = revision?.document === document && revision.attachments === attachments
          if (words[index] !== "match") words[index] = same ? "match" : "differs"
        })
        each(besides, (_, job) => checked.add(job))
        return words
      },
      /** The unchecked jobs of one step, perhaps none, and where the next one begins; undefined at the end. */
      walk: (
        at: Position
      ): { readonly entries: Array<Ledger.ProjectJobKey>; readonly next: Position | undefined } => {
        const rows = sink === undefined
          ? []
          : selectStep.all(at.batch, at.after, sink) as Array<[jobId: string, job: number | null]>
        const entries = rows.flatMap(([jobId, job]) => job === null || checked.has(job) ? [] : [{ ...at.ref, jobId }])
        const last = rows.at(-1)
        if (rows.length === step && last !== undefined) return { entries, next: { ...at, after: last[0] } }
        return { entries, next: sink === undefined ? undefined : read.nextBatch(at) }
      }
    }
  }
}
