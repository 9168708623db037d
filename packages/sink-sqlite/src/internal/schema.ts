/**
 * The tables, their versions, and the look at a file that tells whether it is this sink's at all. That look reads a few
 * pages whatever the size of the file. The words in the SQL stay in the file: `.schema` shows them.
 */
import { damaged, elsewhere, Problem } from "./failure.ts"
import { type Database, rollback } from "./sqlite.ts"

/** "LSDB": written to the file's header, so that no other database is taken for one of this sink's. */
export const applicationId = 0x4c534442

/*
 * Tables with a rowid: their rows are appended and only the narrow keys are put in order, which takes 10 to 20 % less
 * time for job ids that come in no order than tables kept in the order of their keys. No index on labels: it would cost
 * every insertion 20 to 30 %, and whoever needs one makes it in seconds.
 */
const version1 = `
CREATE TABLE jobs ( -- one row per finished job
  project_id TEXT NOT NULL,
  batch_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  reference_id TEXT NOT NULL, -- the customer's own id
  status TEXT NOT NULL,
  result_type TEXT NOT NULL,
  frames INTEGER, -- as the listing counts them
  annotations INTEGER, -- as the listing counts them
  annotation_rows INTEGER NOT NULL, -- rows in annotations
  tag TEXT,
  work_flow_id TEXT,
  priority_weight INTEGER,
  result_url TEXT NOT NULL,
  revision TEXT NOT NULL, -- sha256 of the result document
  bytes INTEGER NOT NULL, -- size of the result document
  PRIMARY KEY (batch_id, job_id)
) STRICT;
CREATE INDEX jobs_by_reference ON jobs (reference_id);
CREATE TABLE annotations ( -- one row per annotation and frame
  batch_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  annotation_index INTEGER NOT NULL, -- position in the document
  annotation_id TEXT, -- not unique
  track_id TEXT, -- one object through a video or sequence
  frame_id TEXT,
  sensor_id TEXT,
  type TEXT NOT NULL,
  label TEXT NOT NULL, -- the class; of "car # 4" it is "car"
  instance TEXT, -- "4" of "car # 4"
  x_min REAL, -- extent: 0 to 1, origin at the top left
  y_min REAL,
  x_max REAL,
  y_max REAL,
  geometry TEXT NOT NULL, -- JSON
  attributes TEXT NOT NULL, -- JSON object
  color TEXT, -- #rrggbb
  label_key INTEGER,
  source_path TEXT NOT NULL, -- JSON pointer into the document
  PRIMARY KEY (batch_id, job_id, annotation_index)
) STRICT;
CREATE TABLE attachments ( -- one row per file that a result names
  batch_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  attachment_index INTEGER NOT NULL,
  role TEXT NOT NULL,
  frame_id TEXT,
  url TEXT NOT NULL,
  revision TEXT NOT NULL, -- sha256 of the file
  bytes INTEGER NOT NULL,
  media_type TEXT NOT NULL,
  path TEXT, -- always NULL: the bytes are in files
  PRIMARY KEY (batch_id, job_id, attachment_index)
) STRICT;
CREATE TABLE documents ( -- result documents as they came; parts in order, each of up to 4 MiB before compression
  batch_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  part INTEGER NOT NULL, -- 0 alone for most
  codec TEXT NOT NULL, -- zstd or none
  bytes BLOB NOT NULL,
  PRIMARY KEY (batch_id, job_id, part)
) STRICT;
CREATE TABLE files ( -- bytes of attachments, in parts as documents
  batch_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  attachment_index INTEGER NOT NULL,
  part INTEGER NOT NULL,
  codec TEXT NOT NULL, -- zstd or none
  bytes BLOB NOT NULL,
  PRIMARY KEY (batch_id, job_id, attachment_index, part)
) STRICT;
CREATE TABLE problems ( -- annotations that gave no row, and values that could not be stored as they are
  batch_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  problem_index INTEGER NOT NULL,
  path TEXT NOT NULL, -- JSON pointer into the document, or the name of a field of the listing or of the job
  reason TEXT NOT NULL,
  PRIMARY KEY (batch_id, job_id, problem_index)
) STRICT;
CREATE TABLE receipts ( -- what was committed for each job, to check the other tables against
  batch_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  attachments_revision TEXT NOT NULL, -- sha256 over those of the attachments
  bytes INTEGER NOT NULL, -- document and attachments together
  attachment_rows INTEGER NOT NULL,
  problem_rows INTEGER NOT NULL,
  document_kept INTEGER NOT NULL, -- 1: its bytes are in documents
  files_kept INTEGER NOT NULL, -- 1: the attachments' bytes are in files
  PRIMARY KEY (batch_id, job_id)
) STRICT;
CREATE TABLE commits ( -- the latest commits of a run that has not ended
  id INTEGER PRIMARY KEY,
  token TEXT NOT NULL UNIQUE,
  receipts TEXT NOT NULL -- JSON
) STRICT;
CREATE VIEW job_annotations AS -- annotations with the fields of their job that queries ask for
  SELECT j.project_id, j.reference_id, j.status, j.result_type, j.tag, a.*
  FROM annotations AS a JOIN jobs AS j ON j.batch_id = a.batch_id AND j.job_id = a.job_id;
CREATE VIEW labels_per_batch AS -- how often each class stands in each batch, and in how many jobs
  SELECT batch_id, type, label, count(*) AS annotations, count(DISTINCT job_id) AS jobs
  FROM annotations GROUP BY batch_id, type, label;
CREATE VIEW batch_totals AS -- what is stored of each batch
  SELECT j.project_id, j.batch_id, count(*) AS jobs, sum(j.annotation_rows) AS annotation_rows,
    sum(r.attachment_rows) AS attachment_rows, sum(r.problem_rows) AS problem_rows, sum(r.bytes) AS bytes
  FROM jobs AS j JOIN receipts AS r ON r.batch_id = j.batch_id AND r.job_id = j.job_id
  GROUP BY j.project_id, j.batch_id;
`

/** What leads from each version to the next: the first makes the tables of version 1. Only ever added to. */
export const migrations: ReadonlyArray<string> = [version1]

/** Tables that hold rows of jobs, all with the columns `batch_id` and `job_id`. */
export const jobTables = ["jobs", "annotations", "attachments", "documents", "files", "problems", "receipts"] as const

const number = (db: Database, pragma: string): number => Number(db.pragma(pragma, { simple: true }))

/** Throws where a file with these words in its header must not be written to. */
export const checkHeader = (file: string, id: number, version: number, newest: number): void => {
  if (id !== applicationId) {
    throw new Problem("conflict", `${file} is a SQLite database of something else. ${elsewhere}`)
  }
  if (version > newest) {
    const what = `${file} was written by a newer version (format ${version}, known up to ${newest})`
    throw new Problem("corrupt", `${what}. Update this software, or choose another file.`)
  }
}

/** Whether a file is fit to be used as it is. Throws a `Problem` where it must not be touched. */
export const look = (db: Database, file: string, newest: number): "new" | "older" | "current" => {
  const id = number(db, "application_id")
  const version = number(db, "user_version")
  const found = db.prepare("SELECT name FROM sqlite_schema").pluck().all()
  if (id === 0 && version === 0 && found.length === 0) return "new"
  checkHeader(file, id, version, newest)
  if (version < newest) return "older"
  const missing = [...jobTables, "commits"].filter((table) => !found.includes(table))
  if (missing.length > 0) throw new Problem("corrupt", `${damaged(file)} (it has no ${missing.join(", ")})`)
  // The last row of a table stands at the end of its tree: a file that was cut short does not have it.
  for (const table of jobTables) db.prepare(`SELECT max(rowid) FROM ${table}`).get()
  return "current"
}

/** Brings a file that was looked at to the newest version, whole or not at all. */
export const migrate = (db: Database, file: string, steps: ReadonlyArray<string>): void => {
  db.exec("BEGIN IMMEDIATE")
  try {
    // Asked again: another process can have come first.
    if (look(db, file, steps.length) !== "current") {
      for (const step of steps.slice(number(db, "user_version"))) db.exec(step)
      db.pragma(`application_id = ${applicationId}`)
      db.pragma(`user_version = ${steps.length}`)
    }
    db.exec("COMMIT")
  } catch (cause) {
    rollback(db)
    throw cause
  }
}
