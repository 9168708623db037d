/**
 * The settings of the `labelstream` command as a file holds them: `labelstream.json` (comments are allowed) or
 * `labelstream.config.ts` with a default export of this type. Everything is optional. Flags override the environment,
 * which overrides the file. The API key does not belong there.
 */
import * as Schema from "effect/Schema"
import { bundledNames } from "./internal/settings/bundledSinks.ts"

const atLeastOne = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1, { message: "Expected a whole number from 1" }))
const positive = Schema.Finite.check(Schema.isGreaterThan(0, { message: "Expected a number greater than 0" }))
const text = (what: string) => Schema.String.check(Schema.isNonEmpty({ message: `Expected ${what}` }))

/** A sink and where it writes, as text. */
export const targetPattern = /^(?:[^:]+:.|postgres$)/s

/** The form of such a text, for messages about a wrong one: with its own sink, if it names one. */
export const targetForm = (wrong: string): string => {
  const sink = wrong.replace(/:$/, "")
  return bundledNames.includes(sink)
    ? `KIND:TARGET, such as ${sink}:${sink === "sqlite" ? "labels.db" : "output"}`
    : "KIND:TARGET, such as files:output, sqlite:labels.db, parquet:dataset or PACKAGE:TARGET; or postgres"
}

/**
 * A sink and where it writes: `files:DIR`, `sqlite:FILE`, `parquet:DIR`, `PACKAGE:TARGET`, or with all its options. PostgreSQL
 * needs no target: `postgres`.
 */
export const Target = Schema.Union([
  Schema.String.check(
    Schema.makeFilter((text) => targetPattern.test(text) ? undefined : `Expected ${targetForm(text)}`)
  ),
  Schema.StructWithRest(Schema.Struct({ sink: text("the name of a sink") }), [
    Schema.Record(Schema.String, Schema.Unknown)
  ])
])

export type Target = typeof Target.Type

/** What the file holds. */
export const Config = Schema.Struct({
  /** One project, or several with `allBatches`. */
  project: Schema.optionalKey(
    Schema.Union([text("the id of a project"), Schema.NonEmptyArray(text("the id of a project"))])
  ),
  batches: Schema.optionalKey(Schema.Array(text("the id of a batch"))),
  /** Every batch that the projects have when the run begins. Default: false. */
  allBatches: Schema.optionalKey(Schema.Boolean),
  to: Schema.optionalKey(Schema.Array(Target)),
  /** Path of the ledger. Default: `.labelstream/ledger.sqlite`. */
  ledger: Schema.optionalKey(text("a path")),
  /** Maximum jobs in flight. Default: 96. */
  concurrency: Schema.optionalKey(atLeastOne),
  /** Maximum requests to the API per second. Default: no limit. */
  requestsPerSecond: Schema.optionalKey(positive),
  /** Which files are fetched with a result. Default: `results`. */
  attachments: Schema.optionalKey(Schema.Literals(["none", "results", "all"])),
  /**
   * Where to get sizes of images without a mask or stored input: `fetch` for the first 64 KiB of each image, a folder of
   * images, a table of `name,width,height`, or one size such as `1920x1080`. Default: nowhere.
   */
  sizes: Schema.optionalKey(text("fetch, a folder, a table, or a size")),
  /** Seconds between polls, until all jobs are finished; `true` for 60. Default: one pass only. */
  follow: Schema.optionalKey(Schema.Union([Schema.Boolean, positive])),
  /** Maximum jobs to fetch in a run. Default: all. */
  limit: Schema.optionalKey(atLeastOne),
  /** Only jobs with one of these statuses in the listing. Default: all. */
  status: Schema.optionalKey(Schema.Array(text("a status"))),
  /** Only jobs with an annotation of one of these labels. Default: all. */
  label: Schema.optionalKey(Schema.Array(text("a label"))),
  /**
   * Database of a cluster whose runners do the export, `sqlite:FILE` or `postgres://...`. Put a URL with a password into
   * `LABELSTREAM_CLUSTER` instead.
   */
  cluster: Schema.optionalKey(text("the URL of a database")),
  /** URL of the API. Default: `https://api.playment.io`. */
  baseUrl: Schema.optionalKey(text("a URL")),
  /** Allows sending the key over plain http to other hosts than this machine. Default: false. */
  allowHttp: Schema.optionalKey(Schema.Boolean)
})

export type Config = typeof Config.Type
