/**
 * The tables of the ledger and of the exports, their versions, and how a database is brought to the one that this code
 * writes. All of them begin with `labelstream_`; the cluster's own have their own prefix and makers. The
 * ledger's are those of a single machine.
 */
import { Ledger } from "@labelstream/core"
import { postgresTypes, sqliteTypes, statementsOf, versions } from "@labelstream/node/LedgerSql"
import * as Effect from "effect/Effect"
import * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import { isSqlError } from "effect/sql/SqlError"
import { dialectOf } from "./ledgerDriver.ts"
import { toLedgerError } from "./statements.ts"

const table = "labelstream_migrations"

const [ledger1, ledger2, ledger3, ledger4, ledger5, ledger6] = versions

const version1 = `
CREATE TABLE labelstream_exports (
  id {text} PRIMARY KEY,
  export_key {text} NOT NULL,
  generation INTEGER NOT NULL,
  request TEXT NOT NULL,
  run BIGINT,
  state TEXT NOT NULL,
  stop_requested INTEGER NOT NULL DEFAULT 0,
  submitted_at BIGINT NOT NULL,
  ended_at BIGINT,
  report TEXT,
  error TEXT,
  forgotten INTEGER NOT NULL DEFAULT 0,
  UNIQUE (export_key, generation)
);
CREATE UNIQUE INDEX labelstream_exports_running ON labelstream_exports (export_key) WHERE state = 'running';
CREATE INDEX labelstream_exports_latest ON labelstream_exports (submitted_at);
CREATE INDEX labelstream_exports_by_run ON labelstream_exports (run);
CREATE TABLE labelstream_run_batches (
  run BIGINT NOT NULL,
  batch BIGINT NOT NULL,
  is_listed INTEGER NOT NULL,
  listing_error TEXT,
  vanished BIGINT NOT NULL,
  malformed TEXT NOT NULL,
  PRIMARY KEY (run, batch)
);
CREATE TABLE labelstream_run_slices (
  run BIGINT NOT NULL,
  slice BIGINT NOT NULL,
  extra TEXT NOT NULL,
  PRIMARY KEY (run, slice)
);
CREATE TABLE labelstream_run_stored (
  run BIGINT NOT NULL,
  slice BIGINT NOT NULL,
  sink TEXT NOT NULL,
  stored BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  PRIMARY KEY (run, slice, sink)
);
CREATE TABLE labelstream_run_jobs (
  run BIGINT NOT NULL,
  job BIGINT NOT NULL,
  batch BIGINT NOT NULL,
  slice BIGINT,
  outcome TEXT,
  changed INTEGER NOT NULL DEFAULT 0,
  bytes BIGINT NOT NULL DEFAULT 0,
  tag TEXT,
  priority_weight {real},
  error_reason TEXT,
  error_message TEXT,
  error_retryable INTEGER,
  PRIMARY KEY (run, job)
);
CREATE INDEX labelstream_run_jobs_by_slice ON labelstream_run_jobs (run, slice) WHERE slice IS NOT NULL;
CREATE INDEX labelstream_run_jobs_failed ON labelstream_run_jobs (run, job) WHERE outcome = 'failed';
CREATE TABLE labelstream_limits (
  name {text} PRIMARY KEY,
  next_at {real} NOT NULL,
  paused_until {real} NOT NULL
);
`

/** Fields of a listed job that could not be read, as JSON; null if there are none. */
const version2 = "ALTER TABLE labelstream_run_jobs ADD COLUMN problems TEXT"

/** The present names. */
const version4 = `
ALTER TABLE labelstream_run_batches RENAME COLUMN vanished TO delisted;
UPDATE labelstream_exports SET state = 'aborted' WHERE state = 'broken'`

/** The latest lease, that of each slice, and the runners whose branches are open, by the name of the branch. */
const version6 = `
CREATE TABLE labelstream_lease (latest BIGINT NOT NULL);
INSERT INTO labelstream_lease (latest) VALUES (0);
CREATE TABLE labelstream_run_leases (
  run BIGINT NOT NULL,
  slice BIGINT NOT NULL,
  lease BIGINT NOT NULL,
  PRIMARY KEY (run, slice)
);
CREATE TABLE labelstream_writers (
  writer {text} PRIMARY KEY,
  export_id {text} NOT NULL,
  runner TEXT NOT NULL,
  process TEXT NOT NULL,
  opened BIGINT NOT NULL
)`

/** What a running export waits for, in words. */
const version7 = "ALTER TABLE labelstream_exports ADD COLUMN waits_for TEXT"

const run = (...scripts: ReadonlyArray<string>) =>
  SqlClient.SqlClient.use((sql) => {
    const types = sql.onDialectOrElse({ pg: () => postgresTypes, orElse: () => sqliteTypes })
    return Effect.forEach(
      scripts.flatMap((script) => statementsOf(script, types, dialectOf(sql).prefix)),
      (statement) => sql.unsafe(statement).unprepared,
      { discard: true }
    )
  })

/** What leads from each version to the next. Only ever added to. */
const migrations = {
  "1_ledger_and_exports": run(ledger1, ledger2, version1),
  "2_listed_problems": run(version2),
  "3_closed_sinks": run(ledger3),
  "4_present_names": run(ledger4, version4),
  "5_asked_attachments": run(ledger5),
  "6_leases": run(ledger6, version6),
  "7_waits": run(version7)
}

/** The version that this code writes. */
export const currentVersion = Object.keys(migrations).length

/**
 * Brings the database to the current version, atomically, also if several processes do so at once. Fails with `newer` if a
 * newer version of this software has written there.
 */
export const migrate: Effect.Effect<void, Ledger.LedgerError, SqlClient.SqlClient> = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* Migrator.make({})({ loader: Migrator.fromRecord(migrations), table })
  const [latest] = yield* sql<{ version: number | bigint }>`SELECT max(migration_id) AS version FROM ${sql(table)}`
  const version = Number(latest?.version ?? 0)
  if (version <= currentVersion) return
  const what =
    `The cluster's database was written by a newer version (format ${version}, known up to ${currentVersion})`
  return yield* new Ledger.LedgerError({
    reason: "newer",
    detail: `${what}. Update this software on every machine, or use another database.`
  })
}).pipe(
  Effect.catchTags({
    SqlError: toLedgerError,
    MigrationError: (error) => causeOf(error)
  })
)

const causeOf = (error: Migrator.MigrationError): Effect.Effect<never, Ledger.LedgerError> =>
  isSqlError(error.cause) ? toLedgerError(error.cause) : Effect.die(error)
