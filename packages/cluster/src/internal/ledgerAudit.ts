/**
 * Holding what a sink has against its receipts. Remembers which jobs were checked as one bit each: a million jobs are
 * 125 KB, and nothing is written anywhere.
 */
import type { JobSink, Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import { type Position, type Reads, step } from "./ledgerReads.ts"
import { rowsOf } from "./statements.ts"
import { fromColumn, toColumn } from "./text.ts"

/** A set of row ids, which are close together. */
class RowSet {
  private readonly pages = new Map<number, Uint8Array>()

  add(id: number): void {
    const page = Math.floor(id / 32768)
    let bits = this.pages.get(page)
    if (bits === undefined) this.pages.set(page, bits = new Uint8Array(4096))
    const at = id % 32768
    bits[at >>> 3] = (bits[at >>> 3] ?? 0) | (1 << (at & 7))
  }

  has(id: number): boolean {
    const at = id % 32768
    return ((this.pages.get(Math.floor(id / 32768))?.[at >>> 3] ?? 0) & (1 << (at & 7))) !== 0
  }
}

type Word = "match" | "differs" | "unknown"
type Int = number | bigint

export const make = (sql: SqlClient.SqlClient, read: Reads) => (sink: string) => {
  const checked = new RowSet()

  /** Every receipt of the sink that is on record for one of these jobs. A sink's receipts do not name the project. */
  const receiptsOf = (keys: ReadonlyArray<Ledger.JobKey>) =>
    keys.length === 0 ? Effect.succeed([]) : sql<{
      readonly i: Int
      readonly job: Int
      readonly revision_document: string
      readonly revision_attachments: string
    }>`SELECT v.i, r.job, r.revision_document, r.revision_attachments
      FROM ${
      rowsOf(
        sql,
        { i: "integer", batch_id: "text", job_id: "text" },
        keys.map(({ batchId, jobId }, i) => ({ i, batch_id: batchId, job_id: jobId }))
      )
    } CROSS JOIN labelstream_batches b CROSS JOIN labelstream_jobs j CROSS JOIN labelstream_receipts r
      WHERE b.batch_id = v.batch_id AND j.batch = b.id AND j.job_id = v.job_id AND r.job = j.id
      AND r.sink = (SELECT id FROM labelstream_sinks WHERE name = ${toColumn(sink)})`

  return {
    check: Effect.fnUntraced(
      function*(receipts: ReadonlyArray<JobSink.Receipt>, besides: ReadonlyArray<Ledger.JobKey>) {
        const words: Array<Word> = receipts.map(() => "unknown")
        for (const row of yield* receiptsOf([...receipts, ...besides])) {
          checked.add(Number(row.job))
          const revision = receipts[Number(row.i)]?.revision
          if (revision === undefined || words[Number(row.i)] === "match") continue
          const same = revision.document === fromColumn(row.revision_document)
            && revision.attachments === fromColumn(row.revision_attachments)
          words[Number(row.i)] = same ? "match" : "differs"
        }
        return words
      }
    ),
    /** The unchecked jobs of one step, perhaps none, and where the next one begins; undefined at the end. */
    walk: Effect.fnUntraced(function*(at: Position) {
      const rows = yield* sql<{ readonly job_id: string; readonly job: Int | null }>`SELECT j.job_id, r.job FROM
        (SELECT id, job_id FROM labelstream_jobs WHERE batch = ${at.batch} AND job_id > ${toColumn(at.after)}
          ORDER BY job_id LIMIT ${sql.literal(String(step))}) j
        LEFT JOIN labelstream_receipts r ON r.job = j.id
          AND r.sink = (SELECT id FROM labelstream_sinks WHERE name = ${toColumn(sink)}) ORDER BY j.job_id`
      const entries = rows.flatMap(({ job, job_id }) =>
        job === null || checked.has(Number(job)) ? [] : [{ ...at.ref, jobId: fromColumn(job_id) }]
      )
      const last = rows.at(-1)
      if (rows.length === step && last !== undefined) {
        return { entries, next: { ...at, after: fromColumn(last.job_id) } }
      }
      return { entries, next: yield* read.nextBatch(at) }
    })
  }
}
