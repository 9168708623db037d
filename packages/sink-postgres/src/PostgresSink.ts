/**
 * Stores jobs, annotations, media, and attachments as tables of a PostgreSQL database, with the original documents next
 * to them. A commit is one transaction: readers see all of a batch or nothing, a changed job leaves no old row, and a
 * killed run leaves the database as its last commit did. Several processes may write at once.
 */
import { type JobSink, OptionError } from "@labelstream/core/sink"
import { DatabaseOptions, PostgresUrl } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Connection from "./internal/connection.ts"
import { problem, sinkName } from "./internal/failure.ts"
import { count, inspect } from "./internal/inspect.ts"
import { replay } from "./internal/replay.ts"
import { check, prepareTables } from "./internal/schema.ts"
import { start } from "./internal/session.ts"

/** The environment variable from which the command reads the URL. */
export const urlVariable = "LABELSTREAM_POSTGRES_URL"

/** The options of `make`. */
export const Options = Schema.Struct({
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with `?sslmode=require` and the like as the driver reads them. */
  url: Schema.RedactedFromValue(Schema.String),
  /** The schema of the tables. Default: `labelstream`. Created if missing. 1 to 63 of `a-z 0-9 _`, the first no digit. */
  schema: Schema.optionalKey(
    Schema.String.check(Schema.isPattern(/^[a-z_][a-z0-9_]{0,62}$/, {
      message: "Expected 1 to 63 of a-z, 0-9 and _, and no digit first"
    })).annotate({ description: "Schema of the tables (default: labelstream). Created if it is missing." })
  ),
  documents: DatabaseOptions.documents,
  attachments: DatabaseOptions.attachments,
  /**
   * What an acknowledged commit survives. `fsync` (default): a power cut at the server; the sink refuses a server whose
   * setting `fsync` is off. `process`: the death of the server's process; a power cut may cost the latest commits.
   */
  durability: Schema.optionalKey(
    Schema.Literals(["fsync", "process"]).annotate({
      description: "What a commit survives: a power cut (fsync, the default), or the end of the server (process)."
    })
  )
})

export type Options = typeof Options.Type

/** Version of the sink's own code. */
export const version = "0.0.0"

/**
 * What this sink can do with its default options. Other processes may write to the same tables at the same time: the later
 * commit of a job wins. With 500 records, a commit costs little compared with the rows.
 */
export const capabilities: JobSink.Capabilities = {
  keying: "upsert",
  visibility: "commit",
  durability: "fsync",
  deterministic: false,
  inspectable: true,
  writers: "direct",
  concurrentBatches: 1,
  batch: { maxRecords: 500, maxBytes: 32 * 1024 * 1024, maxAge: 200 }
}

/**
 * Makes a sink that stores jobs in a PostgreSQL database.
 *
 * `check` changes nothing. Opening fails with `misconfigured` for a URL that cannot be read, a user, password, or database
 * that the server refuses, missing rights, and a server that is read-only; with `conflict` if the schema has tables of
 * something else; with `corrupt` for tables of a newer version; with `unavailable` if the server does not respond. A
 * record whose values no table takes is rejected, and the rest of its batch stored. NUL characters, which PostgreSQL
 * cannot store in text, become U+FFFD and are counted in `problems`; the kept document has them.
 *
 * @example
 * ```ts
 * import { PostgresSink } from "@labelstream/sink-postgres"
 * import { Redacted } from "effect"
 *
 * const sink = PostgresSink.make({ url: Redacted.make("postgres://me:secret@localhost/labels") })
 * ```
 */
export const make = (options: Options): JobSink.JobSink => {
  const { durability = "fsync", schema = "labelstream" } = options
  const place = PostgresUrl.placeOf(options.url)
  const name = place === undefined ? "PostgreSQL" : PostgresUrl.describe(place)
  const settings: Connection.Settings = { url: options.url, schema, durability, name }
  const sound = Effect.suspend(() => {
    const obstacle = OptionError.problem(Options, options)?.message
    if (obstacle !== undefined) return problem("open", "misconfigured", obstacle)
    return place === undefined ? problem("open", "misconfigured", noUrl(options.url)) : Effect.void
  })
  const connected = (step: "check" | "open" | "inspect") => Effect.andThen(sound, Connection.make(settings, step))
  return {
    name: sinkName,
    version,
    id: place === undefined ? sinkName : `${sinkName}:${place.host}:${place.port}/${place.database}/${schema}`,
    capabilities: { ...capabilities, durability },
    check: Effect.scoped(Effect.flatMap(connected("check"), check)),
    open: Effect.flatMap(
      connected("open"),
      (db) => Effect.as(prepareTables(db), start(db, DatabaseOptions.keepOf(options)))
    ),
    inspect: (depth) => Stream.unwrap(Effect.map(connected("inspect"), (db) => inspect(db, depth))),
    replay: Stream.unwrap(Effect.map(connected("inspect"), replay)),
    count: Effect.scoped(Effect.flatMap(connected("inspect"), count))
  }
}

// The message does not repeat an unreadable URL, because it may contain a password.
const noUrl = (url: Redacted.Redacted) =>
  `no URL of a database is given: set ${urlVariable} to ${PostgresUrl.form}` +
  (Redacted.value(url) === "" ? "" : ". Characters of the password that are not letters or digits are written as %XX")
