/** What the programs by hand that keep promises share: groups of jobs that become durable together, and their ledger. */
import Database from "better-sqlite3"
import { join } from "node:path"

/** Jobs that become durable together, as many as the sinks take at most. */
export const groupSize = 128

/** The ledger of a program by hand. */
export interface HandLedger {
  /** Adds a row for each job of a group, or replaces it. Its values are the id and those of the columns. */
  readonly record: (group: ReadonlyArray<ReadonlyArray<string | number>>) => void
  readonly close: () => void
}

/** Makes a ledger in a folder, with columns besides the job's id. A group is durable when it is recorded. */
export const makeLedger = (folder: string, ...columns: ReadonlyArray<string>): HandLedger => {
  const db = new Database(join(folder, "ledger.sqlite"))
  db.pragma("journal_mode = WAL")
  db.pragma("synchronous = FULL")
  db.exec(`CREATE TABLE jobs (${["id TEXT PRIMARY KEY", ...columns].join(", ")}) WITHOUT ROWID`)
  const insert = db.prepare(`INSERT OR REPLACE INTO jobs VALUES (?${", ?".repeat(columns.length)})`)
  return {
    record: db.transaction((group: ReadonlyArray<ReadonlyArray<string | number>>) => {
      for (const values of group) insert.run(...values)
    }),
    close: () => void db.close()
  }
}
