/** The tables, their version, and the check that a schema's tables are this sink's. */
import { AnnotationModel, type JobSink, TableViews } from "@labelstream/core/sink"
import { DatabaseTables, type Failure } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import type { Connection } from "./connection.ts"
import { problem } from "./failure.ts"
import { addColumn, createTable, quoted } from "./statements.ts"
import { tables } from "./tables.ts"

const { tableNames } = DatabaseTables

/** The version of the tables, in `versions`. */
export const version = AnnotationModel.version

/** No two processes make or change the tables at once: the number of their lock, "LSPG". */
const lockNumber = 0x4c535047

const own = [
  `CREATE TABLE versions (version int4 PRIMARY KEY, made_at timestamptz NOT NULL DEFAULT now())`,
  `COMMENT ON TABLE versions IS 'versions of the tables that Labelstream made here'`,
  `CREATE TABLE commits (token text PRIMARY KEY, receipts text NOT NULL, made_at timestamptz NOT NULL DEFAULT now())`,
  `COMMENT ON TABLE commits IS 'the latest commits, so that one whose answer was lost is not made twice'`
]

const views = TableViews.statements({
  startedAt: (id) =>
    `to_char(to_timestamp((${id} / 1000) / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
})

/** The statements that make a new set of tables. */
const ddl = [...tableNames.flatMap((name) => createTable(name, tables[name])), ...own]

/** For queries by class. The other indexes are those of the model. */
const labelIndex = `CREATE INDEX annotations_label ON annotations (label)`

interface Existing {
  readonly version: number
  /** Tables and views with their columns: `TABLE.COLUMN`. */
  readonly columns: ReadonlySet<string>
  /** Whether views are missing that this user may create. */
  readonly lacksViews: boolean
}

type Found = "no schema" | "new" | Existing

/** What the schema has. Changes nothing. */
const look = Effect.fnUntraced(function*(
  db: Connection,
  step: Failure.Where["step"]
): Effect.fn.Return<Found, JobSink.SinkError> {
  const { name, schema } = db.settings
  const [known] = yield* db.query(
    { step },
    "SELECT has_schema_privilege(oid, 'CREATE') AS may_create FROM pg_namespace WHERE nspname = $1",
    [schema]
  )
  if (known === undefined) return "no schema"
  const rows = yield* db.query(
    { step },
    // The information schema shows a user only what it has rights to.
    `SELECT c.relname || '.' || a.attname AS name FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = $1
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped`,
    [schema]
  )
  const columns = new Set(rows.map((row) => String(row["name"])))
  const relations = new Set(Array.from(columns, (name) => name.split(".")[0]))
  if (!columns.has("versions.version")) {
    const taken = tableNames.find((table) => relations.has(table))
    if (taken === undefined) return "new"
    const detail = `the schema ${schema} of ${name} has a table ${taken} that no run made: choose another schema`
    return yield* problem(step, "conflict", detail)
  }
  const [newest] = yield* db.query({ step }, `SELECT max(version) AS version FROM ${quoted("versions")}`)
  const found = Number(newest?.["version"] ?? 0)
  if (found > version) {
    const detail = `the tables in ${name} were made by a newer version (${found}, known up to ${version})`
    return yield* problem(step, "corrupt", `${detail}: update this software, or choose another schema`)
  }
  const lacksViews = known["may_create"] === true && TableViews.names.some((name) => !relations.has(name))
  return { version: found, columns, lacksViews }
})

/**
 * The statements that bring tables to this version: the columns that they lack, and the version. A later version adds its
 * migration here.
 */
const additions = ({ columns, version: found }: Existing): ReadonlyArray<string> => [
  ...tableNames.flatMap((table) =>
    tables[table].columns
      .filter(({ name }) => !columns.has(`${table}.${name}`))
      .flatMap((column) => addColumn(table, column))
  ),
  ...(found < version ? [`INSERT INTO versions (version) VALUES (${version})`] : [])
]

/** The statements that create what a schema lacks. Every change replaces the views, because they have columns of their tables. */
const changes = (found: Found): ReadonlyArray<string> => {
  const ofTables = typeof found === "string"
    ? [...ddl, labelIndex, `INSERT INTO versions (version) VALUES (${version})`]
    : additions(found)
  return ofTables.length > 0 || (typeof found !== "string" && found.lacksViews) ? [...ofTables, ...views] : []
}

/** Makes the tables of a new schema, and adds what others lack; atomic. */
export const prepareTables = Effect.fnUntraced(function*(db: Connection): Effect.fn.Return<void, JobSink.SinkError> {
  const step = "open"
  yield* durable(db, step)
  const before = yield* look(db, step)
  if (typeof before === "string") yield* makeable(db, step, before)
  else if (changes(before).length === 0) return yield* writable(db, step)
  const run = (sql: string) => db.query({ step }, sql)
  yield* run("BEGIN")
  yield* Effect.gen(function*() {
    yield* db.query({ step }, "SELECT pg_advisory_xact_lock($1)", [lockNumber])
    // Checked again, because another process can be first.
    const found = yield* look(db, step)
    if (found === "no schema") yield* run(`CREATE SCHEMA ${quoted(db.settings.schema)}`)
    // One request to the server for all of them.
    const statements = changes(found)
    if (statements.length > 0) yield* run(`DO $made$ BEGIN\n${statements.join(";\n")};\nEND $made$`)
    yield* run("COMMIT")
  }).pipe(Effect.tapError(() => db.close))
})

/** Fails if commits would survive less than the sink says. */
const durable = Effect.fnUntraced(function*(db: Connection, step: Failure.Where["step"]) {
  if (db.settings.durability === "process") return
  const [setting] = yield* db.query({ step }, "SELECT current_setting('fsync') AS fsync")
  if (setting?.["fsync"] === "on") return
  const detail = `${db.settings.name} runs with fsync off, so that a power cut can damage it`
  return yield* problem(
    step,
    "misconfigured",
    `${detail}: turn it on, or set the sink's option durability to "process"`
  )
})

/** Fails if the server takes no changes. */
const primary = Effect.fnUntraced(function*(db: Connection, step: Failure.Where["step"]) {
  const [found] = yield* db.query(
    { step },
    "SELECT current_setting('transaction_read_only') = 'on' OR pg_is_in_recovery() AS read_only"
  )
  if (found?.["read_only"] !== true) return
  return yield* problem(step, "misconfigured", `${db.settings.name} is read-only: is it a standby? Give the primary`)
})

/** The rights that a user needs on the tables. */
const rights = ["SELECT", "INSERT", "UPDATE", "DELETE"]

/** Fails if rows cannot be written. */
const writable = Effect.fnUntraced(function*(db: Connection, step: Failure.Where["step"]) {
  const { name, schema } = db.settings
  yield* primary(db, step)
  const [found] = yield* db.query(
    { step },
    // FOR UPDATE locks rows, which needs UPDATE. Given a list of rights, the function is satisfied by one of them.
    `SELECT has_schema_privilege($1, 'USAGE') AND ${
      rights.map((right) => `has_table_privilege($2, '${right}')`).join(" AND ")
    } AS allowed`,
    [schema, `${quoted(schema)}.jobs`]
  )
  if (found?.["allowed"] === true) return
  const detail = `${name} does not let this user write to the schema ${schema}: grant it ${
    rights.join(", ")
  } on its tables`
  return yield* problem(step, "misconfigured", detail)
})

/** Fails if tables are missing and cannot be made. */
const makeable = Effect.fnUntraced(function*(db: Connection, step: Failure.Where["step"], found: Found & string) {
  const { name, schema } = db.settings
  yield* primary(db, step)
  const [may] = yield* db.query(
    { step },
    found === "new"
      ? "SELECT has_schema_privilege($1, 'USAGE') AND has_schema_privilege($1, 'CREATE') AS allowed"
      : "SELECT has_database_privilege(current_database(), 'CREATE') AS allowed, $1::text AS schema",
    [schema]
  )
  if (may?.["allowed"] === true) return
  const what = found === "new" ? `tables in the schema ${schema}` : `the schema ${schema}`
  return yield* problem(step, "misconfigured", `${name} does not let this user make ${what}: grant it CREATE`)
})

/** Checks that tables exist or can be made. Changes nothing. */
export const check = Effect.fnUntraced(function*(db: Connection): Effect.fn.Return<void, JobSink.SinkError> {
  const step = "check"
  yield* durable(db, step)
  const found = yield* look(db, step)
  yield* typeof found === "string" ? makeable(db, step, found) : writable(db, step)
})

/** Whether there are tables to read. */
export const hasTables = (db: Connection): Effect.Effect<boolean, JobSink.SinkError> =>
  Effect.map(look(db, "inspect"), (found) => typeof found !== "string")
