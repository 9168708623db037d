/**
 * The tables, their version, and the check that a file is this sink's. The check reads a few pages whatever the file's
 * size.
 */
import { AnnotationModel, OlderTables, TableViews } from "@labelstream/core/sink"
import { DatabaseTables, Failure } from "@labelstream/storage"
import { damaged, elsewhere, sinkName } from "./failure.ts"
import { type Database, rollback } from "./sqlite.ts"
import { addColumn, createTable } from "./statements.ts"

const { tableNames, tables } = DatabaseTables

/** "LSDB": written to the file's header, so that no other database is taken for one of this sink's. */
export const applicationId = 0x4c534442

/*
 * Tables with a rowid: their rows are appended and only the narrow keys are put in order, which takes 10 to 20 % less
 * time for job ids that come in no order than tables kept in the order of their keys. No index on labels: it would cost
 * every insertion 20 to 30 %, and takes seconds to make for those who need it.
 */
const ddl = `
${tableNames.map((name) => createTable(name, tables[name])).join("\n")}
CREATE TABLE commits ( -- the latest commits of a run that has not ended
  id INTEGER PRIMARY KEY,
  token TEXT NOT NULL UNIQUE,
  receipts TEXT NOT NULL -- JSON
) STRICT;
`

const views = TableViews.sql({
  startedAt: (id) => `strftime('%Y-%m-%dT%H:%M:%fZ', ${id} / 1000 / 1000.0, 'unixepoch')`
})

/** The version of the tables, in the file's header. A file of an older one is read, and not written to. */
export const version = AnnotationModel.version

/** The columns of a file's tables, as `table.column`. */
export const columnsIn = (db: Database): ReadonlySet<string> => {
  const sql = "SELECT t.name || '.' || c.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c"
  return new Set(db.prepare(sql).pluck().all() as Array<string>)
}

/**
 * What gives the tables of a file the columns that its version has gained since. So columns that are added at the end of a
 * table need no new version, and no conversion of the files that people have.
 */
const additions = (db: Database): ReadonlyArray<string> => {
  const found = columnsIn(db)
  return tableNames.flatMap((table) =>
    tables[table].columns.filter(({ name }) => !found.has(`${table}.${name}`)).map((column) => addColumn(table, column))
  )
}

const number = (db: Database, pragma: string): number => Number(db.pragma(pragma, { simple: true }))

/** Throws where a file with these words in its header is not one that this sink reads. */
export const checkHeader = (file: string, id: number, found: number): void => {
  if (id !== applicationId) {
    throw new Failure.Problem("conflict", `${file} is a SQLite database of something else. ${elsewhere}`)
  }
  if (found > version) {
    const what = `${file} was written by a newer version (format ${found}, known up to ${version})`
    throw new Failure.Problem("corrupt", `${what}. Update this software, or choose another file.`)
  }
}

/** Throws where a file of this version is not one that this sink writes to. */
export const checkWritable = (file: string, found: number): void => {
  if (found === version) return
  throw new Failure.Problem("conflict", OlderTables.refusal(sinkName, file, found))
}

/** The state of a file. Throws a `Problem` if it must not be touched. */
export const look = (db: Database, file: string): "new" | number => {
  const id = number(db, "application_id")
  const found = number(db, "user_version")
  const names = db.prepare("SELECT name FROM sqlite_schema").pluck().all()
  if (id === 0 && found === 0 && names.length === 0) return "new"
  checkHeader(file, id, found)
  const expected = [...tableNames.filter((name) => found > 1 || name !== "media"), "commits"]
  const missing = expected.filter((table) => !names.includes(table))
  if (missing.length > 0) throw new Failure.Problem("corrupt", `${damaged(file)} (it has no ${missing.join(", ")})`)
  // The last row of a table is at the end of its tree: a file that was cut short does not have it.
  for (const table of expected) db.prepare(`SELECT max(rowid) FROM ${table}`).get()
  return found
}

/** Makes the tables of a new file, and adds missing ones to another; atomic. */
export const prepareTables = (db: Database, file: string): void => {
  const found = look(db, file)
  if (found !== "new") checkWritable(file, found)
  if (found !== "new" && additions(db).length === 0) return
  db.exec("BEGIN IMMEDIATE")
  try {
    // Asked again: another process can have come first.
    if (look(db, file) === "new") db.exec(ddl)
    else for (const addition of additions(db)) db.exec(addition)
    db.exec(views)
    db.pragma(`application_id = ${applicationId}`)
    db.pragma(`user_version = ${version}`)
    db.exec("COMMIT")
  } catch (cause) {
    rollback(db)
    throw cause
  }
}
