/**
 * The ledger's tables, their versions, and the look at a file that tells whether it is a ledger at all. That look reads
 * a few pages whatever the size of the file.
 */
import { damaged, type Database, ledgerError } from "./sqlite.ts"

/** "LSLD": written to the file's header, so that no other database is taken for a ledger. */
export const applicationId = 0x4c534c44

/*
 * A page of a second run over known jobs must cost next to nothing, so what changes with every run, the run that has
 * last observed a job, stands apart in narrow rows; the wide ones are written when something happened to the job.
 *
 * Job ids are random, so each index over them costs a page written per job and transaction. The stages that most jobs
 * pass through are indexed without the id, which is enough to count them; with it only those that are few and asked for.
 */
const version1 = `
CREATE TABLE runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  started_at INTEGER NOT NULL
) STRICT;
CREATE TABLE batches (
  id INTEGER PRIMARY KEY,
  project_id TEXT NOT NULL,
  batch_id TEXT NOT NULL,
  UNIQUE (project_id, batch_id)
) STRICT;
CREATE TABLE jobs (
  id INTEGER PRIMARY KEY,
  batch INTEGER NOT NULL,
  job_id TEXT NOT NULL,
  reference_id TEXT,
  status TEXT NOT NULL,
  frames REAL,
  annotations REAL,
  stored_status TEXT,
  stored_frames REAL,
  stored_annotations REAL,
  stage TEXT NOT NULL CHECK (stage IN ('listed', 'unfinished', 'stored', 'failed')),
  revision_document TEXT,
  revision_attachments TEXT,
  bytes INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  error_reason TEXT,
  error_message TEXT,
  error_retryable INTEGER,
  checked_at INTEGER,
  UNIQUE (batch, job_id)
) STRICT;
CREATE INDEX jobs_by_stage ON jobs (batch, stage);
CREATE INDEX jobs_to_mend ON jobs (batch, stage, job_id) WHERE stage = 'failed' OR stage = 'unfinished';
CREATE TABLE observed (
  job INTEGER PRIMARY KEY,
  run INTEGER NOT NULL
) STRICT;
CREATE TABLE sinks (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE receipts (
  job INTEGER NOT NULL,
  sink INTEGER NOT NULL,
  revision_document TEXT NOT NULL,
  revision_attachments TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (job, sink)
) STRICT, WITHOUT ROWID;
`

/** What runs have come to; all null for those before. */
const version2 = `
ALTER TABLE runs ADD COLUMN ended_at INTEGER;
ALTER TABLE runs ADD COLUMN outcome TEXT CHECK (outcome IN ('completed', 'stopped', 'broken'));
ALTER TABLE runs ADD COLUMN listed INTEGER;
ALTER TABLE runs ADD COLUMN exported INTEGER;
ALTER TABLE runs ADD COLUMN unchanged INTEGER;
ALTER TABLE runs ADD COLUMN unfinished INTEGER;
ALTER TABLE runs ADD COLUMN failed INTEGER;
ALTER TABLE runs ADD COLUMN bytes INTEGER;
`

/** Whether every commit of a sink is on record: 0 while a run has it open, and after one that was killed. */
const version3 = "ALTER TABLE sinks ADD COLUMN closed INTEGER NOT NULL DEFAULT 0"

/** What leads from each version to the next: the first makes the tables of version 1. Only ever added to. */
const migrations: ReadonlyArray<(db: Database) => void> = [version1, version2, version3].map((script) => (db) =>
  db.exec(script)
)

/** The version that this code writes. */
export const currentVersion = migrations.length

const tables = ["batches", "jobs", "observed", "receipts", "runs", "sinks"]

const number = (db: Database, pragma: string): number => Number(db.pragma(pragma, { simple: true }))

/** Whether a file is fit to be used as it is. Throws a `LedgerError` where it must not be touched. */
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
  // The last row of a table stands at the end of its tree: a file that was cut short does not have it.
  for (const table of ["runs", "batches", "jobs", "sinks"]) db.prepare(`SELECT max(id) FROM ${table}`).get()
  for (const table of ["observed", "receipts"]) db.prepare(`SELECT max(job) FROM ${table}`).get()
  return "current"
}

/** Brings a file that was inspected to the current version, whole or not at all. */
export const migrate = (db: Database, file: string): void =>
  db.transaction(() => {
    // Asked again: another process can have come first.
    if (inspect(db, file) === "current") return
    for (const step of migrations.slice(number(db, "user_version"))) step(db)
    db.pragma(`application_id = ${applicationId}`)
    db.pragma(`user_version = ${currentVersion}`)
  }).immediate()
