/**
 * GT Studio's API as streams and effects: batches of a project, jobs of a batch, results of jobs, attachments. Every
 * request is rate-limited, bounded in time, and retried if that can help. The key is sent to the API's origin only.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Content, ContentError } from "./Content.ts"
import { type About, BadRequest, GtStudioError, MalformedResponse, type Subject } from "./GtStudioError.ts"
import { type Answer, given, refused } from "./internal/client/answer.ts"
import type { ArrivalWatcher } from "./internal/client/arrivalWatcher.ts"
import { Attachments } from "./internal/client/attachments.ts"
import { Client } from "./internal/client/client.ts"
import { countOf, problemsOf, textOf } from "./internal/client/descriptive.ts"
import { ImageStarts } from "./internal/client/imageStart.ts"
import { type JobPage, type MalformedJob, pages } from "./internal/client/listing.ts"
import { pathSegment } from "./internal/client/origin.ts"
import { defaultBaseUrl, environment, namedAsSet, type Options, settingsOf } from "./internal/clientOptions.ts"
import { makeClientWatch } from "./internal/telemetry/clientWatch.ts"
import { type BatchRef, type BatchSummary, JobResult, type JobSummary, ProjectDetails } from "./Job.ts"
import type * as OptionError from "./OptionError.ts"
import { Spool } from "./Spool.ts"
import { Transport } from "./Transport.ts"

export { type About, type ArrivalWatcher, defaultBaseUrl, type JobPage, type MalformedJob, type Options }

/** What the client has done and is doing, for progress displays. */
export interface Activity {
  /** Attempts so far: one for each page, job or attachment, and one for each time it was tried again. */
  readonly requests: number
  /** How many of them were tries after a failure. */
  readonly retries: number
  /** The retryable failure of the last request; undefined if it succeeded, and before the first request. */
  readonly trouble: string | undefined
  readonly origins: ReadonlyArray<{
    readonly origin: string
    /** How long no request starts, because a response asked for a pause (`Retry-After`); 0 for none. */
    readonly pausedMillis: number
    readonly inFlight: number
    /** The limit in force now. */
    readonly maxInFlight: number
    /** The pace in force now; undefined if there is none. */
    readonly requestsPerSecond: number | undefined
  }>
}

/** The platform's API. Each member is useful alone. */
export class GtStudio extends Context.Service<GtStudio, {
  /** Details of a project with all its batches. */
  readonly project: (projectId: string) => Effect.Effect<ProjectDetails, GtStudioError>
  /** Pages of a batch's listing, lazily, one read ahead; unreadable jobs apart from the others. */
  readonly pages: (batch: BatchRef) => Stream.Stream<JobPage, GtStudioError>
  /**
   * Jobs of a batch, each once, in the order of the listing. Where jobs could not be read, all others are given first;
   * then the stream fails with the first such job's error. Remembers the ids seen: about 100 bytes a job.
   */
  readonly jobSummaries: (batch: BatchRef) => Stream.Stream<JobSummary, GtStudioError>
  /** What the platform says of one job; `result` is empty while the job is in progress. */
  readonly jobResult: (projectId: string, jobId: string) => Effect.Effect<JobResult, GtStudioError>
  /** The signed URL that an attachment's redirects lead to. It is a secret and expires: use it now, store it never. */
  readonly resolve: (url: string, about?: About) => Effect.Effect<Redacted.Redacted<URL>, GtStudioError>
  /** Bytes of an attachment as they arrive, length verified. Tried again up to the first byte only. */
  readonly attachment: (url: string, about?: About) => Stream.Stream<Uint8Array, GtStudioError>
  /**
   * Downloads an attachment completely and verifies it; a truncated download is repeated. Lives as long as the scope.
   * `watcher` sees chunks before they are kept.
   */
  readonly download: (
    url: string,
    about?: About,
    watcher?: ArrivalWatcher
  ) => Effect.Effect<Content, GtStudioError | ContentError, Scope.Scope>
  /**
   * The first 64 KiB of a file at its own address, or all of a smaller one. Sends no key. Does not ask a host again that
   * was unreachable for as long as a request is retried.
   */
  readonly firstBytes: (url: string, about?: About) => Effect.Effect<Uint8Array, GtStudioError>
  /** What the client does at this moment. */
  readonly activity: Effect.Effect<Activity>
}>()("@labelstream/core/GtStudio") {}

const decodeProject = Schema.decodeUnknownResult(ProjectDetails)
const decodeResult = Schema.decodeUnknownResult(JobResult)

const reader = <A>(decode: (data: unknown) => Result.Result<A, Schema.SchemaError>) => (data: unknown): Answer<A> => {
  const decoded = decode(data)
  if (Result.isSuccess(decoded)) return given(decoded.success)
  const detail = decoded.failure.message.replaceAll(/\s*\n\s*/g, " ")
  return refused({ reason: new MalformedResponse({ detail, syntax: false }), status: 200 })
}

const isText = (id: unknown): id is string => typeof id === "string"

const readProject = reader(decodeProject)

const descriptions = {
  job_id: textOf,
  reference_id: textOf,
  batch_id: textOf,
  work_flow_id: textOf,
  tag: textOf,
  priority_weight: countOf
}

const readResult = reader((data) =>
  Result.map(decodeResult(data), (result): JobResult => {
    const problems = problemsOf(Object(data), descriptions)
    return problems.length === 0 ? result : { ...result, problems }
  })
)

/** Makes the client, as {@link layer} provides it. */
export const make = Effect.fnUntraced(function*(options: Options) {
  const transport = yield* Transport
  const spool = yield* Spool
  const watch = yield* makeClientWatch
  const client = new Client(yield* settingsOf(options), transport, watch)
  const attachments = new Attachments(client, spool)
  const imageStarts = new ImageStarts(client)

  /** A path with ids in it, or why they cannot be part of a URL. */
  const path = (subject: Subject, ids: ReadonlyArray<string>, at: (...segments: ReadonlyArray<string>) => string) => {
    const segments = ids.map(pathSegment)
    if (segments.every((segment) => segment !== undefined)) return Effect.succeed(at(...segments))
    const reason = new BadRequest({ detail: "the id is missing, empty, or cannot be part of a URL" })
    // An id of the environment may be no text at all, which no error could name.
    const named = ids.every(isText) ? subject : { operation: subject.operation }
    return Effect.fail(new GtStudioError({ subject: named, reason, attempts: 1 }))
  }

  const listing = (batch: BatchRef) =>
    Stream.unwrap(Effect.map(
      path(
        { operation: "listing", projectId: batch.projectId, batchId: batch.batchId },
        [batch.projectId, batch.batchId],
        (project, id) => `/v1/projects/${project}/batch/${id}`
      ),
      (at) => watch.pages(pages(client, at, batch))
    ))

  return GtStudio.of({
    project: (projectId) => {
      const subject: Subject = { operation: "project", projectId }
      return Effect.flatMap(
        path(subject, [projectId], (project) => `/v1/projects/${project}/details`),
        (at) => client.api(at, subject, readProject)
      )
    },
    pages: listing,
    jobSummaries: (batch) =>
      Stream.suspend(() => {
        const seen = new Set<string>()
        let unreadable: GtStudioError | undefined
        return listing(batch).pipe(
          Stream.map((page) => {
            unreadable ??= page.malformed[0]?.error
            return page.jobs.filter((job) => !seen.has(job.id) && seen.add(job.id))
          }),
          Stream.flattenIterable,
          Stream.concat(Stream.suspend(() => unreadable === undefined ? Stream.empty : Stream.fail(unreadable)))
        )
      }),
    jobResult: (projectId, jobId) => {
      const subject: Subject = { operation: "job", projectId, jobId }
      return Effect.flatMap(
        path(subject, [projectId, jobId], (project, id) => `/v1/projects/${project}/jobs/${id}`),
        (at) => client.api(at, subject, readResult)
      )
    },
    resolve: (url, about = {}) => attachments.resolve(url, about),
    attachment: (url, about = {}) => attachments.stream(url, about),
    download: (url, about = {}, watcher) => attachments.download(url, about, watcher),
    firstBytes: (url, about = {}) => imageStarts.get(url, about),
    activity: Effect.clockWith((clock) => Effect.succeed(client.activity(clock)))
  })
})

/** A batch of a project: its ids for listings and exports, and its details from the project. */
export type ProjectBatch = BatchRef & Omit<BatchSummary, "id">

/**
 * Returns the batches of a project, in GT Studio's order: one request, whose response has all of them. You can pass
 * them to an export.
 */
export const batches = (projectId: string): Effect.Effect<ReadonlyArray<ProjectBatch>, GtStudioError, GtStudio> =>
  Effect.flatMap(
    GtStudio,
    (gtStudio) =>
      Effect.map(
        gtStudio.project(projectId),
        ({ batches }) => batches.map(({ id, ...details }) => ({ projectId, batchId: id, ...details }))
      )
  )

/**
 * Provides the client with these options, over the application's transport and spool. Fails with an `OptionError` that names
 * an option that cannot be used; makes no request.
 */
export const layer = (options: Options): Layer.Layer<GtStudio, OptionError.OptionError, Transport | Spool> =>
  Layer.effect(GtStudio, make(options))

/**
 * Provides the client with options from the environment: `GT_STUDIO_API_KEY`, `GT_STUDIO_BASE_URL` (default: GT Studio's
 * own), and `GT_STUDIO_ALLOW_HTTP=true` to send the key over plain http on purpose. Given options win. Fails with an
 * `OptionError` that names the variable or the option that cannot be used.
 */
export const layerConfig = (
  options: Omit<Options, "apiKey"> = {}
): Layer.Layer<GtStudio, OptionError.OptionError, Transport | Spool> =>
  Layer.effect(
    GtStudio,
    Effect.mapError(
      Effect.flatMap(environment, (settings) => make({ ...settings, ...options })),
      namedAsSet(options)
    )
  )
