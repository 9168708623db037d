/**
 * Which jobs a run has observed. Where one process writes, no later run asks for that: so it is known in memory, and
 * written when it is to be read with the jobs, or before another run takes its place. The first is seldom: where a run
 * has observed as many rows of a batch as there are, it lacks none.
 */
import { type Program, query, statement } from "./program.ts"
import { RowSet } from "./rowSet.ts"

export interface Observed {
  /** A run begins, and has observed nothing. */
  readonly begin: (run: number) => Program<void>
  /** Records that a run has observed these rows of a batch. Returns for each whether it is the first time. */
  readonly add: (run: number, batch: number, rows: ReadonlyArray<number>) => Program<ReadonlyArray<boolean>>
  /** Whether it is known that a run has observed all jobs of a batch. */
  readonly isWhole: (run: number, batch: number) => Program<boolean>
  /** Writes what is noted in memory. */
  readonly write: () => Program<void>
  /** For when what was noted may have been undone. */
  readonly forget: () => void
}

// In the order of their keys, so that concurrent writers wait for each other without a deadlock.
const insert = statement(
  `INSERT INTO {observed} AS o (job, run)
   SELECT v.job, r.run FROM {v} CROSS JOIN (SELECT CAST(? AS BIGINT) AS run) r WHERE true ORDER BY v.job
   ON CONFLICT (job) DO UPDATE SET run = excluded.run WHERE o.run <> excluded.run RETURNING job`,
  { job: "integer" }
)
const select = statement("SELECT job FROM {observed} WHERE run = ?")
// Counted in the index by stage, which is the smallest: a third of the time that looking at what was observed takes.
const countJobs = statement("SELECT count(*) FROM {jobs} WHERE batch = ?")

/** For many writers: in the table, with each page. */
export const inTable: Observed = {
  *begin() {},
  *add(run, _, rows) {
    const written = yield* query<[number]>(insert, [run], Array.from(new Set(rows)))
    const first = new Set(written.map(([job]) => job))
    return rows.map((row) => first.delete(row))
  },
  *isWhole() {
    return false
  },
  *write() {},
  forget: () => {}
}

// A transaction costs as much as writing about 200 rows.
const rowsAtOnce = 10_000

interface OfRun {
  readonly run: number
  readonly rows: RowSet
  /** Rows per batch; undefined for a run that was read back, whose rows do not name their batch. */
  readonly counts: Map<number, number> | undefined
}

export interface ObservedInMemory extends Observed {
  /** What a run has observed so far. */
  readonly in: (run: number) => Program<RowSet>
}

/** For a single writer. `unsynced` is called before each writing that need not be on the disk. */
export const inMemory = (unsynced: () => void): ObservedInMemory => {
  let latest: OfRun | undefined
  let isWritten = true

  function* write(): Program<void> {
    if (latest === undefined || isWritten) return
    const { rows, run } = latest
    unsynced()
    let some: Array<number> = []
    for (const row of rows) {
      if (some.push(row) < rowsAtOnce) continue
      yield* query(insert, [run], some)
      some = []
    }
    if (some.length > 0) yield* query(insert, [run], some)
    isWritten = true
  }

  function* of(run: number): Program<OfRun> {
    if (latest?.run === run) return latest
    yield* write()
    const rows = new RowSet()
    for (const [row] of yield* query<[number]>(select, [run])) rows.add(row)
    return latest = { run, rows, counts: undefined }
  }

  return {
    *begin(run) {
      yield* write()
      latest = { run, rows: new RowSet(), counts: new Map() }
    },
    *in(run) {
      return (yield* of(run)).rows
    },
    *add(run, batch, rows) {
      const { counts, rows: observed } = yield* of(run)
      const isNew = rows.map((row) => observed.add(row))
      counts?.set(batch, isNew.filter(Boolean).length + (counts.get(batch) ?? 0))
      isWritten = false
      return isNew
    },
    *isWhole(run, batch) {
      const count = latest?.run === run ? latest.counts?.get(batch) : undefined
      if (count === undefined) return false
      const [row] = yield* query<[number]>(countJobs, [batch])
      return row?.[0] === count
    },
    write,
    forget: () => {
      latest = undefined
      isWritten = true
    }
  }
}
