/** Runs the ledger's programs at once, on better-sqlite3. */
import { type Program, type Query, type Row, sqlite, type Statement, textOf } from "./program.ts"
import type { Database, Statement as Prepared } from "./sqlite.ts"

const dialect = sqlite("")

const nothing: ReadonlyArray<Row> = []

/** `onUndone` is called when what programs have written was taken back. */
export const make = (db: Database, onUndone: () => void) => {
  const prepared = new Map<Statement, Prepared>()

  const prepare = (statement: Statement): Prepared => {
    const known = prepared.get(statement)
    if (known !== undefined) return known
    const values = Object.keys(statement.columns).map(() => "?").join(", ")
    const made = db.prepare(textOf(statement, dialect, () => `VALUES (${values})`))
    prepared.set(statement, made.reader ? made.raw() : made)
    return made
  }

  /**
   * Row by row: SQLite keeps a journal for each statement that can fail after its first row, which takes a third of the
   * time of an insert again.
   */
  const insert = (statement: Prepared, rows: ReadonlyArray<Row>): ReadonlyArray<Row> => {
    if (statement.reader) return rows.map((row) => statement.get(row) as Row)
    for (const row of rows) statement.run(row)
    return nothing
  }

  const execute = ({ rows, statement, values }: Query): ReadonlyArray<Row> => {
    const made = prepare(statement)
    if (statement.inserts) return insert(made, (rows ?? nothing) as ReadonlyArray<Row>)
    const given = rows === undefined ? values : [JSON.stringify(rows), ...values]
    if (made.reader) return made.all(given) as Array<Row>
    made.run(given)
    return nothing
  }

  const run = <A>(program: Program<A>): A => {
    let step = program.next()
    while (step.done !== true) {
      step = program.next("atomic" in step.value ? transaction(step.value.atomic) : execute(step.value))
    }
    return step.value
  }

  let isSynced: boolean | undefined
  /** Sets whether what is written next is to be on the disk when it is committed; a transaction keeps what it began with. */
  const synchronise = (synced: boolean): void => {
    if (isSynced === synced || db.inTransaction) return
    db.pragma(`synchronous = ${synced ? "FULL" : "NORMAL"}`)
    isSynced = synced
  }

  /** One transaction, on the disk when this returns. */
  const transaction = <A>(program: () => Program<A>): A => {
    try {
      synchronise(true)
      return db.transaction(() => run(program())).immediate()
    } catch (cause) {
      onUndone()
      throw cause
    }
  }

  return {
    run,
    transaction,
    synchronise,
    /** Calls from here on are one, until they are ended. */
    open: (): void => {
      synchronise(true)
      db.exec("BEGIN IMMEDIATE")
    },
    /** Keeps what was written since `open`, or takes it back; `undone` is called then, besides. */
    end: (keep: boolean, undone: () => void): void => {
      try {
        if (keep) db.exec("COMMIT")
      } finally {
        if (db.inTransaction) {
          db.exec("ROLLBACK")
          onUndone()
          undone()
        }
      }
    }
  }
}
