/**
 * The version of a ledger's file, and the check that a file is a ledger. The check reads a few pages whatever the
 * file's size.
 */
import { damaged, type Database, ledgerError } from "./sqlite.ts"
import { sqliteTypes, statementsOf, tables, versions } from "./tables.ts"

/** "LSLD": written to the file's header, so that no other database is taken for a ledger. */
export const applicationId = 0x4c534c44

/** The version that this code writes. */
export const currentVersion = versions.length

const number = (db: Database, pragma: string): number => Number(db.pragma(pragma, { simple: true }))

/** Checks that a file can be used unchanged. Throws a `LedgerError` if it must not be touched. */
export const inspect = (db: Database, file: string): "new" | "older" | "current" => {
  const id = number(db, "application_id")
  const version = number(db, "user_version")
  const found = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all()
  if (id === 0 && version === 0 && found.length === 0) return "new"
  if (id !== applicationId) throw damaged(file, "is a database, but not a ledger")
  if (version > currentVersion) {
    const what = `${file} was written by a newer version (format ${version}, known up to ${currentVersion})`
    throw ledgerError("newer", `${what}. Update this software, or use another ledger file.`)
  }
  if (version < currentVersion) return "older"
  const missing = tables.filter((table) => !found.includes(table))
  if (missing.length > 0) throw damaged(file, `is a ledger without its tables ${missing.join(", ")}`)
  // The last row of a table is at the end of its tree: a truncated file does not have it.
  for (const table of ["runs", "batches", "jobs", "sinks"]) db.prepare(`SELECT max(id) FROM ${table}`).get()
  for (const table of ["observed", "receipts"]) db.prepare(`SELECT max(job) FROM ${table}`).get()
  return "current"
}

/** Brings a file that was inspected to the current version, whole or not at all. */
export const migrate = (db: Database, file: string): void =>
  db.transaction(() => {
    // Asked again: another process can have come first.
    if (inspect(db, file) === "current") return
    for (const script of versions.slice(number(db, "user_version"))) {
      for (const statement of statementsOf(script, sqliteTypes, "")) db.exec(statement)
    }
    db.pragma(`application_id = ${applicationId}`)
    db.pragma(`user_version = ${currentVersion}`)
  }).immediate()
