/**
 * Finding the jobs of a page with which there is nothing to do: stored as they are listed, and held by the sinks that
 * are asked about. Of these only what the listing says is read, and no entry made: of a second run they are nearly all.
 *
 * A batch is mostly listed in the order in which it was first listed, which is the order of its rows. So the rows after
 * those of the page before are read one after the other, and looked up by id only where that order does not hold.
 */
import type { Job } from "@labelstream/core"
import type { ObservedInMemory } from "./observed.ts"
import { type Program, query, type Statement, statement } from "./program.ts"

type Row = readonly [
  id: number,
  jobId: string,
  referenceId: string | null,
  status: string,
  frames: number | null,
  annotations: number | null
]

const isListedAs = (row: Row, summary: Job.JobSummary): boolean =>
  row[2] === summary.referenceId
  && row[3] === summary.status
  && row[4] === summary.frames
  && row[5] === summary.annotations

// `+?` keeps SQLite from planning a statement again with each call because of a bound value, which took as long as
// reading a third of a page.
const isHeld = (files: Files) =>
  `AND EXISTS (SELECT 1 FROM {receipts} s WHERE s.job = j.id AND s.sink = +?
  AND s.revision_document = j.revision_document AND s.revision_attachments = j.revision_attachments ${files("s")})`

/** What a table of receipts must say of the files that were asked for. */
type Files = (table: string) => string

const filesOf: Readonly<Record<Job.AttachmentChoice, Files>> = {
  none: () => "",
  results: (table) => `AND ${table}.attachments IS NOT 'none'`,
  all: (table) => `AND ${table}.attachments IS 'all'`
}

// The first sink's receipts are joined and lead to the jobs if possible: faster than a lookup per job.
const select = (source: string, sinks: number, files: Files, columns?: Statement["columns"]): Statement =>
  statement(
    `SELECT j.id, j.job_id, j.reference_id, j.status, j.frames, j.annotations FROM ${source}
       AND j.stage = 'stored' AND j.stored_status = j.status
       AND j.stored_frames IS j.frames AND j.stored_annotations IS j.annotations
       AND r.revision_document = j.revision_document AND r.revision_attachments = j.revision_attachments
       AND r.sink = +? ${files("r")} ${isHeld(files).repeat(sinks - 1)}`,
    columns
  )

const statementsFor = (sinks: number, files: Files) => ({
  following: select(
    "{receipts} r CROSS JOIN {jobs} j ON j.id = r.job WHERE r.job > ? AND r.job <= ? AND j.batch = +?",
    sinks,
    files
  ),
  named: select(
    `{v} CROSS JOIN {jobs} j ON j.batch = +? AND j.job_id = v.job_id
     CROSS JOIN {receipts} r ON r.job = j.id WHERE true`,
    sinks,
    files,
    { job_id: "text" }
  )
})

export interface UpToDate {
  /** Reports the rows of all jobs of a page, in the page's order. */
  readonly passed: (run: number, batch: number, rows: ReadonlyArray<number>) => void
  /**
   * The row of each job of a page that is up to date in these sinks, with the files of a choice, and was not seen; none if
   * it is named again.
   */
  readonly find: (
    run: number,
    batch: number,
    page: ReadonlyArray<Job.JobSummary>,
    sinks: ReadonlyArray<number>,
    attachments: Job.AttachmentChoice
  ) => Program<ReadonlyArray<number | undefined>>
}

/** For SQLite and a single writer, which knows what its run has seen. */
export const make = (observed: ObservedInMemory): UpToDate => {
  // By the number of sinks and the files, which are the same throughout a run.
  const statements = new Map<string, ReturnType<typeof statementsFor>>()
  /** The row of the last job of the last page, if that page was in the order of the rows. */
  let last: { readonly run: number; readonly batch: number; readonly row: number } | undefined

  return {
    passed: (run, batch, rows) => {
      const [first, row] = [rows[0], rows.at(-1)]
      const isInOrder = first !== undefined && row !== undefined && row >= first && row - first < 2 * rows.length
      last = isInOrder ? { run, batch, row } : undefined
    },
    *find(run, batch, page, sinks, attachments) {
      const key = `${sinks.length} ${attachments}`
      const { following, named } = statements.get(key) ?? statementsFor(sinks.length, filesOf[attachments])
      statements.set(key, { following, named })
      const seen = yield* observed.in(run)
      // A run lists from the start: what the one before has passed does not lead to its pages.
      const found = last?.run === run && last.batch === batch
        ? yield* query<Row>(following, [last.row, last.row + page.length, batch, ...sinks])
        : yield* query<Row>(named, [batch, ...sinks], Array.from(new Set(page.map(({ id }) => id))))
      // Both are in one order. So a job's row is mostly the next one, and skipped rows are not on the page.
      let next = 0
      return page.map((summary) => {
        for (let at = next; at < found.length; at++) {
          const row = found[at]
          if (row?.[1] !== summary.id) continue
          next = at + 1
          return isListedAs(row, summary) && !seen.has(row[0]) ? row[0] : undefined
        }
        return undefined
      })
    }
  }
}
