/**
 * Which jobs a run has observed. No later run asks for that: so it is known in memory, and only written many pages later
 * at once, or when it is to be read with the jobs.
 */
import { RowSet } from "./rowSet.ts"
import type { Database } from "./sqlite.ts"

// A transaction costs as much as writing some 200 rows.
const mostUnwritten = 2000

/** `unsynced` is called before each writing that need not be on the disk. */
export const make = (db: Database, unsynced: () => void) => {
  const insert = db.prepare("INSERT OR REPLACE INTO observed (job, run) SELECT value, ? FROM json_each(?)")
  const select = db.prepare("SELECT job FROM observed WHERE run = ?").pluck()

  let latest: { readonly run: number; readonly rows: RowSet } | undefined
  let unwritten: Array<number> = []

  const write = (): void => {
    if (latest === undefined || unwritten.length === 0) return
    unsynced()
    insert.run(latest.run, JSON.stringify(unwritten))
    unwritten = []
  }

  return {
    /** A run begins, and has observed nothing. */
    begin: (run: number): void => {
      write()
      latest = { run, rows: new RowSet() }
    },
    /** What a run has observed so far. */
    in: (run: number): RowSet => {
      if (latest?.run === run) return latest.rows
      write()
      const rows = new RowSet()
      for (const row of select.all(run)) rows.add(row as number)
      latest = { run, rows }
      return rows
    },
    /** Notes rows that were added to what the latest run has observed. */
    added: (rows: ReadonlyArray<number>): void => {
      for (const row of rows) unwritten.push(row)
      if (unwritten.length >= mostUnwritten) write()
    },
    write,
    /** For when what was noted may have been undone. */
    forget: (): void => {
      latest = undefined
      unwritten = []
    }
  }
}
