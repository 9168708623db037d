/**
 * Which jobs a run has observed. No later run asks for that: so it is known in memory, and written when it is to be read
 * with the jobs, or before another run takes its place. The first is seldom: where a run has observed as many rows of a
 * batch as there are, it lacks none.
 */
import { RowSet } from "./rowSet.ts"
import type { Database } from "./sqlite.ts"

// A transaction costs as much as writing some 200 rows.
const rowsAtOnce = 10_000

interface Observed {
  readonly run: number
  readonly rows: RowSet
  /** How many rows of each batch; undefined for a run that was read back, whose rows do not tell their batch. */
  readonly counts: Map<number, number> | undefined
}

/** `unsynced` is called before each writing that need not be on the disk. */
export const make = (db: Database, unsynced: () => void) => {
  const insert = db.prepare("INSERT OR REPLACE INTO observed (job, run) SELECT value, ? FROM json_each(?)")
  const select = db.prepare("SELECT job FROM observed WHERE run = ?").pluck()
  // Counted in the index by stage, which is the smallest: a third of the time that looking at what was observed takes.
  const countJobs = db.prepare("SELECT count(*) FROM jobs WHERE batch = ?").pluck()

  let latest: Observed | undefined
  let isWritten = true

  const write = (): void => {
    if (latest === undefined || isWritten) return
    const { rows, run } = latest
    unsynced()
    let some: Array<number> = []
    const put = () => {
      insert.run(run, JSON.stringify(some))
      some = []
    }
    for (const row of rows) if (some.push(row) === rowsAtOnce) put()
    put()
    isWritten = true
  }

  const of = (run: number): Observed => {
    if (latest?.run === run) return latest
    write()
    const rows = new RowSet()
    for (const row of select.all(run)) rows.add(row as number)
    return latest = { run, rows, counts: undefined }
  }

  return {
    /** A run begins, and has observed nothing. */
    begin: (run: number): void => {
      write()
      latest = { run, rows: new RowSet(), counts: new Map() }
    },
    /** What a run has observed so far. */
    in: (run: number): RowSet => of(run).rows,
    /** Notes that a run has observed these rows of a batch, and answers of each whether it had not before. */
    add: (run: number, batch: number, rows: ReadonlyArray<number>): ReadonlyArray<boolean> => {
      const { counts, rows: observed } = of(run)
      const isNew = rows.map((row) => observed.add(row))
      counts?.set(batch, isNew.filter(Boolean).length + (counts.get(batch) ?? 0))
      isWritten = false
      return isNew
    },
    /** Whether it is known that a run has observed all jobs of a batch. */
    isWhole: (run: number, batch: number): boolean =>
      latest?.run === run && latest.counts?.get(batch) === countJobs.get(batch),
    write,
    /** For when what was noted may have been undone. */
    forget: (): void => {
      latest = undefined
      isWritten = true
    }
  }
}
