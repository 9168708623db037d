/**
 * The tables, their versions, and the look at a file that tells whether it is this sink's at all. That look reads a few
 * pages whatever the size of the file.
 */
import { damaged, elsewhere, Problem } from "./failure.ts"
import { type Database, rollback } from "./sqlite.ts"
import { addColumn, createTable } from "./statements.ts"
import { tableNames, tables } from "./tables.ts"

/** "LSDB": written to the file's header, so that no other database is taken for one of this sink's. */
export const applicationId = 0x4c534442

/*
 * Tables with a rowid: their rows are appended and only the narrow keys are put in order, which takes 10 to 20 % less
 * time for job ids that come in no order than tables kept in the order of their keys. No index on labels: it would cost
 * every insertion 20 to 30 %, and whoever needs one makes it in seconds.
 */
const version1 = `
${tableNames.map((name) => createTable(name, tables[name])).join("\n")}
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

/**
 * What leads from each version to the next: the first makes the tables. Only ever added to. A column that a table's
 * description has gained takes none: a file that lacks it is given it.
 */
export const migrations: ReadonlyArray<string> = [version1]

/** What gives the tables of a file the columns that they lack. */
const additions = (db: Database): ReadonlyArray<string> => {
  const sql = "SELECT t.name || '.' || c.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c"
  const found = new Set(db.prepare(sql).pluck().all())
  return tableNames.flatMap((table) =>
    tables[table].columns.filter(({ name }) => !found.has(`${table}.${name}`)).map((column) => addColumn(table, column))
  )
}

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
  const missing = [...tableNames, "commits"].filter((table) => !found.includes(table))
  if (missing.length > 0) throw new Problem("corrupt", `${damaged(file)} (it has no ${missing.join(", ")})`)
  // The last row of a table stands at the end of its tree: a file that was cut short does not have it.
  for (const table of tableNames) db.prepare(`SELECT max(rowid) FROM ${table}`).get()
  return additions(db).length > 0 ? "older" : "current"
}

/** Brings a file that was looked at to the newest version, whole or not at all. */
export const migrate = (db: Database, file: string, steps: ReadonlyArray<string>): void => {
  db.exec("BEGIN IMMEDIATE")
  try {
    // Asked again: another process can have come first.
    if (look(db, file, steps.length) !== "current") {
      for (const step of steps.slice(number(db, "user_version"))) db.exec(step)
      for (const addition of additions(db)) db.exec(addition)
      db.pragma(`application_id = ${applicationId}`)
      db.pragma(`user_version = ${steps.length}`)
    }
    db.exec("COMMIT")
  } catch (cause) {
    rollback(db)
    throw cause
  }
}
