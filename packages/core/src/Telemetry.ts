/**
 * The telemetry of an export while it runs: metrics, spans, and log lines, under the names below. All of it
 * is off, and costs nothing, until {@link layer} is provided around the client and the export; who collects it (OTLP,
 * Prometheus, a log) is for the application to say, by Effect's own means. No key, no signed URL and no content is in it.
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

/** Whether clients and exports that are made here tell of themselves. Default: false. */
export const Enabled = Context.Reference<boolean>("@labelstream/core/Telemetry/Enabled", { defaultValue: () => false })

/**
 * Turns telemetry on for every `GtStudio` and export made within. They update the metrics of the `MetricRegistry`, the
 * tracer and the loggers that are in force there.
 */
export const layer: Layer.Layer<never> = Layer.succeed(Enabled, true)

/** A metric as it is documented. Each attribute takes few values: never an id of a job, a file or a host. */
export interface Spec<Attribute extends string> {
  readonly type: "counter" | "gauge" | "histogram"
  readonly name: string
  readonly description: string
  readonly attributes: ReadonlyArray<Attribute>
  /** As Effect's exporters know it, where it is not a mere count. */
  readonly unit?: "seconds" | "bytes"
}

const spec = (type: Spec<never>["type"], unit?: "seconds" | "bytes") =>
<const Attribute extends string = never>(
  name: string,
  description: string,
  attributes: ReadonlyArray<Attribute> = []
): Spec<Attribute> => ({ type, name, description, attributes, ...(unit === undefined ? {} : { unit }) })

const counter = spec("counter")
const byteCounter = spec("counter", "bytes")
const gauge = spec("gauge")
const timer = spec("histogram", "seconds")

/**
 * All metrics.
 *
 * - `endpoint`: `project`, `listing`, `job`, `attachment`, or `storage` for wherever the redirects of an attachment lead
 * - `origin`: `api` or `storage`
 * - `outcome` of a request: `ok`, the tag of a `GtStudioError`'s reason, `interrupted` or `defect`
 * - `sink`: `JobSink.name`
 */
export const metrics = {
  pages: counter("labelstream_pages_total", "Pages of listings read"),
  jobs: counter("labelstream_jobs_total", "Jobs that ended in this run: exported, unchanged, failed, delisted", [
    "outcome"
  ]),
  jobFailures: counter("labelstream_job_failures_total", "Failed jobs by the cause that reports and the ledger name", [
    "cause"
  ]),
  jobDuration: timer("labelstream_job_fetch_duration_seconds", "Time to fetch a job with its files"),
  requests: counter("labelstream_requests_total", "Requests sent, retries included", ["endpoint", "outcome"]),
  requestDuration: timer("labelstream_request_duration_seconds", "Time from sending a request to the end of its body", [
    "endpoint"
  ]),
  retries: counter("labelstream_retries_total", "Retries, by what failed", ["endpoint", "cause"]),
  receivedBytes: byteCounter("labelstream_received_bytes_total", "Bytes of bodies received, failed attempts included", [
    "origin"
  ]),
  limiterWait: timer("labelstream_limiter_wait_seconds", "Time that requests waited for their turn", ["origin"]),
  requestsInFlight: gauge("labelstream_requests_in_flight", "Requests in flight", ["origin"]),
  requestLimit: gauge("labelstream_requests_in_flight_limit", "Maximum requests in flight now", [
    "origin"
  ]),
  jobsInFlight: gauge("labelstream_jobs_in_flight", "Jobs being fetched"),
  exportJobs: gauge("labelstream_export_jobs", "Jobs of the export's batches by state, as its report counts them", [
    "state"
  ]),
  queueDepth: gauge("labelstream_sink_queue_depth", "Fetched jobs that wait for a sink", ["sink"]),
  sinkJobs: counter("labelstream_sink_jobs_total", "Jobs that a sink has stored or rejected", ["sink", "outcome"]),
  sinkRows: counter("labelstream_sink_rows_total", "Annotation rows that a sink has read and committed", ["sink"]),
  sinkBytes: byteCounter("labelstream_sink_stored_bytes_total", "Bytes of the jobs that a sink has stored", ["sink"]),
  stageDuration: timer("labelstream_sink_stage_duration_seconds", "Time to stage a batch", ["sink"]),
  commitDuration: timer("labelstream_sink_commit_duration_seconds", "Time to commit a batch", ["sink"]),
  ledgerJobs: gauge(
    "labelstream_ledger_jobs",
    "Jobs of the export's batches in the ledger by stage, when the run began or ended",
    ["stage"]
  )
} as const

/** Upper bounds of the buckets of every duration, in seconds. */
export const durationBoundaries: ReadonlyArray<number> = [
  0.001,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
  30,
  60
]

/** All spans. A job's is the root of its own trace, linked to the run's: a run has too many for one trace. */
export const spans = {
  /** One export from its start to its report. */
  run: "Export.run",
  /** The fetching of one job. At most {@link tracedJobsPerSecond} begin in a second, others are not traced. */
  job: "Export.job",
  /** One batch staged in one sink. */
  stage: "JobSink.stage",
  /** One batch committed in one sink. */
  commit: "JobSink.commit",
  /** One page, job, project or attachment from the first try to the last, without the key and the URL's query. */
  operation: "GtStudio.operation",
  /** One HTTP request; its URL is on no span. */
  request: "GtStudio.request"
} as const

/** Bounds what a fast export sends to a tracer; metrics count every job. */
export const tracedJobsPerSecond = 100
