/**
 * The settings of the `labelstream` command as a file holds them: `labelstream.json` (comments are allowed) or
 * `labelstream.config.ts` with a default export of this type. Everything is optional there; flags override the
 * environment, which overrides the file. The API key has no place in it.
 */
import * as Schema from "effect/Schema"

const atLeastOne = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1, { message: "Expected a whole number from 1" }))
const positive = Schema.Finite.check(Schema.isGreaterThan(0, { message: "Expected a number greater than 0" }))
const text = (what: string) => Schema.String.check(Schema.isNonEmpty({ message: `Expected ${what}` }))

/** A sink and where it writes: `files:DIR`, `sqlite:FILE`, `parquet:DIR`, `PACKAGE:TARGET`, or with all its options. */
export const Target = Schema.Union([
  Schema.String.check(
    Schema.isPattern(/^[^:]+:./, {
      message: "Expected KIND:TARGET, such as files:output, sqlite:labels.db, parquet:dataset or PACKAGE:TARGET"
    })
  ),
  Schema.StructWithRest(Schema.Struct({ sink: text("the name of a sink") }), [
    Schema.Record(Schema.String, Schema.Unknown)
  ])
])

export type Target = typeof Target.Type

/** What the file holds. */
export const Config = Schema.Struct({
  project: Schema.optionalKey(text("the id of a project")),
  batches: Schema.optionalKey(Schema.Array(text("the id of a batch"))),
  /** Every batch that the project has when the run begins. */
  allBatches: Schema.optionalKey(Schema.Boolean),
  to: Schema.optionalKey(Schema.Array(Target)),
  /** Path of the ledger. Default `.labelstream/ledger.sqlite`. */
  ledger: Schema.optionalKey(text("a path")),
  /** Most jobs in flight. Default 96. */
  concurrency: Schema.optionalKey(atLeastOne),
  /** Most requests to the API that start in a second. Default: as many as the platform takes. */
  requestsPerSecond: Schema.optionalKey(positive),
  /** Which files are fetched with a result. Default `results`. */
  attachments: Schema.optionalKey(Schema.Literals(["none", "results", "all"])),
  /**
   * Where sizes of images come from that no mask and no stored input has: `fetch` for the first 64 KiB of each image, a
   * folder of images, a table of `name,width,height`, or one size such as `1920x1080`. Default: nowhere.
   */
  sizes: Schema.optionalKey(text("fetch, a folder, a table, or a size")),
  /** Seconds between two looks at the listing, until all jobs are finished; `true` for 60. */
  follow: Schema.optionalKey(Schema.Union([Schema.Boolean, positive])),
  /** Most jobs that are fetched in a run. */
  limit: Schema.optionalKey(atLeastOne),
  /** Only jobs with one of these words as their status in the listing. */
  status: Schema.optionalKey(Schema.Array(text("a status"))),
  /** Only jobs whose result holds an annotation with one of these labels. */
  label: Schema.optionalKey(Schema.Array(text("a label"))),
  /**
   * Database of a cluster whose runners do the export, `sqlite:FILE` or `postgres://...`. One with a password stands better
   * in `LABELSTREAM_CLUSTER`.
   */
  cluster: Schema.optionalKey(text("the URL of a database")),
  /** Where the API is. Default the platform's own address. */
  baseUrl: Schema.optionalKey(text("a URL")),
  /** Sends the key over plain http to other hosts than this machine. Default false. */
  allowHttp: Schema.optionalKey(Schema.Boolean)
})

export type Config = typeof Config.Type
