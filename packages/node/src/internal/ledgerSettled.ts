/**
 * Finding the jobs of a page with which there is nothing to do: stored as they are listed, and held by the sinks that
 * are asked about. Of these only what the listing says is read, and no entry made: of a second run they are nearly all.
 *
 * A batch is mostly listed in the order in which it was first listed, which is the order of its rows. So the rows after
 * those of the page before are read one after the other, and looked up by id only where that order does not hold.
 */
import type { Job } from "@labelstream/core"
import type { Database, Statement } from "./sqlite.ts"

type Row = readonly [
  id: number,
  jobId: string,
  referenceId: string | null,
  status: string,
  frames: number | null,
  annotations: number | null
]

const isListedAs = ([, , referenceId, status, frames, annotations]: Row, summary: Job.JobSummary): boolean =>
  referenceId === summary.referenceId
  && status === summary.status
  && frames === summary.frames
  && annotations === summary.annotations

const isHeld = `AND EXISTS (SELECT 1 FROM receipts r WHERE r.job = j.id AND r.sink = ?
  AND r.revision_document = j.revision_document AND r.revision_attachments = j.revision_attachments)`

export const make = (db: Database) => {
  const prepare = (source: string, sinks: number): Statement =>
    db.prepare(
      `SELECT j.id, j.job_id, j.reference_id, j.status, j.frames, j.annotations FROM ${source}
       WHERE j.stage = 'stored' AND j.stored_status = j.status
         AND j.stored_frames IS j.frames AND j.stored_annotations IS j.annotations
         AND NOT EXISTS (SELECT 1 FROM observed o WHERE o.job = j.id AND o.run = ?)
         ${isHeld.repeat(sinks)}`
    ).raw()
  // By the number of sinks, which is the same throughout a run.
  const statements = new Map<number, { readonly following: Statement; readonly named: Statement }>()
  const statementsFor = (sinks: number) => {
    const prepared = statements.get(sinks) ?? {
      following: prepare("(SELECT * FROM jobs WHERE id > ? AND id <= ? AND batch = ?) j", sinks),
      named: prepare("json_each(?) k CROSS JOIN jobs j ON j.batch = ? AND j.job_id = k.value", sinks)
    }
    statements.set(sinks, prepared)
    return prepared
  }

  /** The row of the last page's last job, where that page stood in the order of the rows. */
  let last: { readonly batch: number; readonly row: number } | undefined

  return {
    /** Tells which rows a page had, in its order, whether settled or not. */
    passed: (batch: number, rows: ReadonlyArray<number>): void => {
      const [first, row] = [rows[0], rows.at(-1)]
      const isInOrder = first !== undefined && row !== undefined && row >= first && row - first < 2 * rows.length
      last = isInOrder ? { batch, row } : undefined
    },
    /** Rows, by job id, of those that are settled in these sinks, not observed by the run so far, and named once. */
    find: (
      run: number,
      batch: number,
      page: ReadonlyArray<Job.JobSummary>,
      sinks: ReadonlyArray<number>
    ): Map<string, number> => {
      const { following, named } = statementsFor(sinks.length)
      const found = last?.batch === batch
        ? following.all(last.row, last.row + page.length, batch, run, ...sinks)
        : named.all(JSON.stringify(page.map(({ id }) => id)), batch, run, ...sinks)
      const rows = new Map(found.map((row) => [(row as Row)[1], row as Row]))
      const settled = new Map<string, number>()
      for (const summary of page) {
        const row = rows.get(summary.id)
        if (row !== undefined && !settled.has(summary.id) && isListedAs(row, summary)) settled.set(summary.id, row[0])
        else if (row !== undefined) {
          settled.delete(summary.id)
          rows.delete(summary.id)
        }
      }
      return settled
    }
  }
}
