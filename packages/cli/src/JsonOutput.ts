/** What `--json` prints: one object per command, each described by a Schema. `docs/reference/json-output.md` is made from these. */
import * as Schema from "effect/Schema"

const described = <S extends Schema.Top>(schema: S, description: string) => schema.annotate({ description })
const text = (description: string) => described(Schema.String, description)
const textOrNull = (description: string) => described(Schema.NullOr(Schema.String), description)
const flag = (description: string) => described(Schema.Boolean, description)
const number = (description: string) => described(Schema.Finite, description)
const numberOrNull = (description: string) => described(Schema.NullOr(Schema.Finite), description)
const texts = (description: string) => described(Schema.Array(Schema.String), description)

const reasons = (description: string) =>
  described(Schema.Array(Schema.Struct({ reason: Schema.String, count: Schema.Finite })), description)

const ofBatch = { project_id: text("Project"), batch_id: text("Batch") }

const prospects = {
  retryable: flag("The next run retries it"),
  permanent: flag("Another run will hardly help: the next run tries it at most once, without waiting")
}

/** A failed job, or a batch whose listing failed. */
export const Failure = Schema.Struct({
  batch_id: text("Batch"),
  job_id: textOrNull("Job; null if the listing of the batch failed"),
  error: text("Reason, such as AttachmentMissing"),
  message: text("The reason as a sentence"),
  attempts: number("Runs that tried the job since it was last stored"),
  ...prospects
})

/** `export`, `retry`, `refresh`, and `convert`. */
export const Export = Schema.Struct({
  complete: flag("Nothing that was asked for is missing"),
  limited: flag("--limit left jobs for the next run"),
  stopped: flag("The run was stopped before its end"),
  no_match: flag("The filters skipped every job"),
  seen: described(
    Schema.Struct({ statuses: Schema.Array(Schema.String), labels: Schema.Array(Schema.String) }),
    "Up to 20 statuses and labels of skipped jobs"
  ),
  not_listed: texts("Jobs of refresh --job that no batch lists"),
  batches: Schema.Array(Schema.Struct({
    ...ofBatch,
    listed: number("Jobs in the listing: exported + unchanged + unfinished + failed + remaining"),
    exported: number("Jobs stored by this run"),
    unchanged: number("Jobs that every sink holds already"),
    unfinished: number("Jobs without a result yet"),
    failed: number("Jobs that failed"),
    remaining: number("Jobs that a stopped run did not reach"),
    skipped: number("Jobs that the filters exclude; not part of listed"),
    changed: number("Jobs whose earlier revision was replaced; part of exported"),
    delisted: number("Stored jobs that are no longer listed; they are kept"),
    bytes: number("Bytes fetched for exported jobs")
  })),
  failures: Schema.Array(Failure),
  unsized: reasons("Images without a size, by reason"),
  unreachable: reasons("Inputs that --attachments all could not fetch, by reason; their jobs are stored without them"),
  sinks: Schema.Array(Schema.Struct({
    sink: text("The sink with its place, such as files:/data/output"),
    stored: number("Jobs stored in this run"),
    backfilled: number("Stored jobs that came from another sink"),
    bytes: number("Bytes of the stored jobs"),
    error: textOrNull("Why the sink stopped storing"),
    published: flag("Readers see what it stored"),
    notice: textOrNull("What readers must know")
  })),
  seconds: number("Duration of the run")
})

/** `plan`. */
export const Plan = Schema.Struct({
  batches: Schema.Array(Schema.Struct({
    ...ofBatch,
    listed: number("Jobs in the listing: fetch + unchanged + unfinished + failed"),
    fetch: number("Jobs to fetch"),
    unchanged: number("Jobs that every sink holds already"),
    unfinished: number("Jobs without a result yet"),
    failed: number("Jobs that a normal run would not retry"),
    skipped: number("Jobs that the filters exclude; not part of listed"),
    pages: number("Pages of the listing"),
    listing_error: textOrNull("Why the listing could not be read to its end")
  })),
  limited: flag("There is more to fetch than --limit allows"),
  sample: described(
    Schema.Struct({
      jobs: number("Jobs fetched to measure their cost"),
      failed: number("Jobs of the sample that could not be fetched"),
      requests: number("Requests for these jobs"),
      bytes: number("Bytes of these jobs"),
      seconds: number("Time for these jobs, added up")
    }),
    "What the sample cost"
  ),
  no_match: flag("The filters skip every job"),
  seen: described(Schema.Struct({ statuses: Schema.Array(Schema.String) }), "Up to 20 statuses of skipped jobs"),
  estimate: described(
    Schema.Struct({
      jobs: number("Jobs to fetch"),
      pages: number("Pages of the listings"),
      requests: number("Requests"),
      bytes: number("Bytes to fetch"),
      seconds: number("Time, if GT Studio keeps up")
    }),
    "What the export would cost"
  ),
  disks: Schema.Array(Schema.Struct({
    target: text("The sink as it was named"),
    free: number("Free bytes there")
  }))
})

const Stages = {
  jobs: number("Jobs in the ledger"),
  pending: number("Jobs not fetched yet"),
  unfinished: number("Jobs without a result yet"),
  stored: number("Stored jobs"),
  failed: number("Failed jobs")
}

/** `status`. */
export const Status = Schema.Struct({
  ledger: text("Path of the ledger"),
  batches: Schema.Array(Schema.Struct({ ...ofBatch, ...Stages })),
  failures: described(
    Schema.Array(Schema.Struct({
      error: text("Reason, such as AttachmentMissing"),
      count: number("Failed jobs"),
      ...prospects,
      example: described(
        Schema.Struct({ batch_id: Schema.String, job_id: Schema.String, message: Schema.String }),
        "One failed job"
      )
    })),
    "Failed jobs by reason, the most frequent first"
  ),
  sinks: Schema.Array(Schema.Struct({
    sink: text("The sink with its place, such as files:/data/output"),
    stored: number("Jobs stored there"),
    bytes: number("Bytes of these jobs")
  })),
  unpublished: texts("Sinks with jobs that no export has published, and who holds them")
})

/** `status --cluster`. */
export const ClusterStatus = Schema.Struct({
  exports: Schema.Array(Schema.Struct({
    id: text("Id, as labelstream stop takes it"),
    state: text("State of the export"),
    error: textOrNull("Why it was aborted"),
    waits_for: textOrNull("What it waits for; null if nothing is known"),
    ...Export.fields
  })),
  runners: Schema.Array(
    Schema.Struct({ address: text("HOST:PORT"), healthy: flag("The runner responded lately") })
  )
})

/** `verify`. */
export const Verify = Schema.Struct({
  intact: number("Jobs that are intact"),
  missing: number("Jobs and published files that are missing"),
  modified: number("Jobs and published files that were modified"),
  extra: number("Files and rows that nobody stored"),
  leftover: number("Leftovers of an interrupted run, which are no damage"),
  differences: Schema.Array(Schema.Struct({
    difference: described(Schema.Literals(["missing", "modified", "extra", "leftover"]), "What is wrong"),
    sink: text("The sink with its place"),
    batch_id: Schema.optionalKey(text("Batch, if known")),
    job_id: Schema.optionalKey(text("Job, if known")),
    path: textOrNull("File or row; null if a whole job is gone")
  })),
  repair: texts("Commands that restore what is missing or modified"),
  unused: texts("Sinks in which nothing is stored"),
  unpublished: texts("Sinks with jobs that no export has published, and who holds them")
})

/** `batches`. */
export const Batches = Schema.Struct({
  project_id: text("Project"),
  name: textOrNull("Name of the project"),
  batches: Schema.Array(Schema.Struct({
    batch_id: text("Batch"),
    name: textOrNull("Name of the batch"),
    status: textOrNull("Status that GT Studio reports"),
    jobs: numberOrNull("Jobs"),
    completed: numberOrNull("Completed jobs"),
    annotations: numberOrNull("Annotations"),
    created_at: textOrNull("Time of creation")
  }))
})

/** `sinks`. */
export const Sinks = Schema.Struct({
  sinks: Schema.Array(Schema.Struct({
    sink: textOrNull("Name, as in --to; null if the package cannot be used"),
    package: text("Package to import"),
    version: textOrNull("Version"),
    target: textOrNull("Option that TARGET of --to fills"),
    options: Schema.Array(Schema.Struct({
      name: text("Option"),
      required: flag("The option is required"),
      description: text("What the option does")
    })),
    keeps: Schema.Array(Schema.Struct({
      variant: text("Options under which this holds; empty for the defaults"),
      what: text("Annotation, such as turned rectangle"),
      how: described(Schema.Literals(["kept", "approximated", "dropped"]), "What the sink does with it"),
      why: textOrNull("How it is changed, or why it is dropped; null if it is kept")
    })),
    error: textOrNull("Why the package cannot be used")
  }))
})

/** `check`. */
export const Check = Schema.Struct({
  ok: flag("Everything is right"),
  findings: Schema.Array(Schema.Struct({
    what: text("What was checked"),
    ok: flag("The finding is good"),
    said: text("The finding as a sentence")
  }))
})

/** All objects by the commands that print them. */
export const all = {
  "export, retry, refresh, convert": Export,
  plan: Plan,
  status: Status,
  "status --cluster": ClusterStatus,
  verify: Verify,
  batches: Batches,
  sinks: Sinks,
  check: Check
} as const
