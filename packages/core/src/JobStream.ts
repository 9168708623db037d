/**
 * All jobs of a batch as a stream, fetched a few at a time: what became of each job, or all their annotation rows. For
 * pipelines of your own; an `Export` does this with a ledger and sinks.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { AnnotationRow } from "./AnnotationModel.ts"
import { GtStudio } from "./GtStudio.ts"
import { GtStudioError } from "./GtStudioError.ts"
import type { MalformedJob } from "./internal/client/listing.ts"
import { type BatchRef, isFinished, type JobSummary } from "./Job.ts"
import { check, type FetchError, fetchWith, type Options as FetchOptions } from "./JobFetch.ts"
import type { JobRecord } from "./JobSink.ts"
import * as LoadId from "./LoadId.ts"
import * as OptionError from "./OptionError.ts"

/** How the jobs of a stream are fetched. */
export interface Options extends Omit<FetchOptions, "position"> {
  /** Jobs fetched at the same time, from 1; no more than these are held at any time. Default: 16. */
  readonly concurrency?: number
  /** Whether output comes in the order of the listing. Default: false; it comes as jobs finish. */
  readonly ordered?: boolean
}

/** A job that could not be read in the listing, could not be fetched, or could not be used. */
export interface FailedJob<E> extends BatchRef {
  /** The job's id, or its place in the listing, such as `page 3, job 17`, if it has no id that can be read. */
  readonly jobId: string
  readonly error: E
}

/**
 * Gives each finished job of a batch to `use`, and emits what became of it: one bad job does not end the stream. A job's
 * contents are valid while `use` runs. Unfinished jobs are left out.
 *
 * Fails if the listing cannot be read to its end, if the key is refused for good, or with an `OptionError`. Remembers the
 * ids of the batch: about 100 bytes per job.
 *
 * @example
 * ```ts
 * import { JobStream } from "@labelstream/core"
 * import { Effect, Result, Stream } from "effect"
 *
 * const batch = { projectId: "...", batchId: "..." }
 * const failures = JobStream.jobs(batch, ({ jobId }) => Effect.log(jobId)).pipe(
 *   Stream.filter(Result.isFailure),
 *   Stream.runForEach(({ failure }) => Effect.logWarning(`${failure.jobId}: ${failure.error.message}`))
 * )
 * ```
 */
export const jobs = <A, E = never, R = never>(
  batch: BatchRef,
  use: (job: JobRecord) => Effect.Effect<A, E, R>,
  options: Options = {}
): Stream.Stream<
  Result.Result<A, FailedJob<E | FetchError>>,
  GtStudioError | OptionError.OptionError,
  GtStudio | Exclude<R, Scope.Scope>
> =>
  Stream.unwrap(Effect.gen(function*() {
    const { fetched, gtStudio, how } = yield* shared(batch, options)
    type One = Effect.Effect<
      ReadonlyArray<Result.Result<A, FailedJob<E | FetchError>>>,
      GtStudioError,
      Exclude<R, Scope.Scope>
    >
    const one = ([entry, position]: readonly [Entry, number]): One =>
      isMalformed(entry)
        ? Effect.succeed([Result.fail(failed(batch, entry.jobId, entry.error))])
        : Effect.matchEffect(Effect.scoped(Effect.flatMap(fetched(entry, position), used(use))), {
          onFailure: (error) =>
            isFatal(error) ? Effect.fail(error) : Effect.succeed([Result.fail(failed(batch, entry.id, error))]),
          onSuccess: (values) => Effect.succeed(values.map((value) => Result.succeed(value)))
        })
    return listed(gtStudio, batch).pipe(
      Stream.zipWithIndex,
      Stream.mapEffect(one, how),
      Stream.flattenIterable
    )
  }))

/** How the rows of a batch are fetched. */
export interface RowOptions<E = never, R = never> extends Pick<Options, "concurrency" | "filter" | "parseLimit"> {
  /**
   * Runs for each job that could not be read or fetched; the stream continues without it, and may have emitted some of its rows
   * before. Default: the first such job fails the stream.
   */
  readonly onFailure?: (job: FailedJob<FetchError>) => Effect.Effect<unknown, E, R>
}

/**
 * Emits the rows of `AnnotationModel.tables.annotations` of all finished jobs of a batch, as jobs are fetched: those of one
 * job in order, those of several mixed. Fetches result documents, and no files. Memory does not grow with a job's rows.
 *
 * Fails as {@link jobs} does, and with the error of the first bad job unless `onFailure` takes it.
 *
 * @example
 * ```ts
 * import { JobStream } from "@labelstream/core"
 * import { Console, Stream } from "effect"
 *
 * const chairs = JobStream.rows({ projectId: "...", batchId: "..." }).pipe(
 *   Stream.filter(({ label }) => label === "Chair"),
 *   Stream.runForEach((row) => Console.log(JSON.stringify(row)))
 * )
 * ```
 */
export const rows = <E = never, R = never>(
  batch: BatchRef,
  { onFailure, ...options }: RowOptions<E, R> = {}
): Stream.Stream<AnnotationRow, FetchError | E, GtStudio | R> =>
  Stream.unwrap(Effect.gen(function*() {
    yield* OptionError.given(OptionError.callback)("onFailure", onFailure)
    const { fetched, gtStudio, how } = yield* shared(batch, { ...options, attachments: "none" })
    const recovered = (jobId: string) => (error: FetchError): Stream.Stream<never, FetchError | E, R> =>
      onFailure === undefined || isFatal(error)
        ? Stream.fail(error)
        : Stream.fromEffectDrain(onFailure(failed(batch, jobId, error)))
    const rowsOf = ([entry, position]: readonly [Entry, number]) =>
      isMalformed(entry)
        ? recovered(entry.jobId)(entry.error)
        : Stream.unwrap(Effect.map(
          fetched(entry, position),
          Option.match({ onNone: () => Stream.empty, onSome: (job) => job.parsed.rows(job) })
        )).pipe(
          Stream.flatMap(({ rows }) => Stream.fromArray(rows)),
          Stream.catch(recovered(entry.id))
        )
    return listed(gtStudio, batch).pipe(Stream.zipWithIndex, Stream.flatMap(rowsOf, how))
  }))

/**
 * A step from job summaries to what `use` makes of each finished job, for summaries that come from elsewhere than the
 * listing, such as `Follow.finishedJobs`. As {@link jobs}, but emits the values, and the first failure ends the stream.
 */
export const mapJobs = <A, E, R>(
  batch: BatchRef,
  use: (job: JobRecord) => Effect.Effect<A, E, R>,
  options: Options = {}
) =>
<E0, R0>(
  summaries: Stream.Stream<JobSummary, E0, R0>
): Stream.Stream<A, E0 | E | FetchError, R0 | Exclude<R, Scope.Scope> | GtStudio> =>
  Stream.unwrap(Effect.map(shared(batch, options), ({ fetched, how }) =>
    summaries.pipe(
      Stream.filter(isFinished),
      Stream.zipWithIndex,
      Stream.mapEffect(
        ([summary, position]) => Effect.scoped(Effect.flatMap(fetched(summary, position), used(use))),
        how
      ),
      Stream.flattenIterable
    )))

type Entry = JobSummary | MalformedJob

const isMalformed = (entry: Entry): entry is MalformedJob => "identified" in entry

const failed = <E>({ batchId, projectId }: BatchRef, jobId: string, error: E): FailedJob<E> => ({
  projectId,
  batchId,
  jobId,
  error
})

/** Whether every further job would fail with the same error. */
const isFatal = (error: unknown): error is GtStudioError => error instanceof GtStudioError && error.isFatal

const used = <A, E, R>(use: (job: JobRecord) => Effect.Effect<A, E, R>) =>
  Option.match({
    onNone: (): Effect.Effect<ReadonlyArray<A>, E, R> => Effect.succeed([]),
    onSome: (job: JobRecord): Effect.Effect<ReadonlyArray<A>, E, R> => Effect.map(use(job), (value) => [value])
  })

/** Checks the options once, and gives what all jobs of a stream share. */
const shared = Effect.fnUntraced(function*(batch: BatchRef, { concurrency = 16, ordered, ...options }: Options) {
  yield* check(batch, options)
  yield* OptionError.given(OptionError.flag)("ordered", ordered)
  const how = { concurrency: yield* OptionError.count("concurrency", concurrency), unordered: ordered !== true }
  const load = options.load ?? (yield* LoadId.make)
  const gtStudio = yield* GtStudio
  const fetched = (summary: JobSummary, position: number) =>
    fetchWith(gtStudio, batch, summary, { ...options, load, position })
  return { fetched, gtStudio, how }
})

/** The finished jobs of a listing and the entries that cannot be read, each id once. */
const listed = (gtStudio: GtStudio["Service"], batch: BatchRef): Stream.Stream<Entry, GtStudioError> =>
  Stream.suspend(() => {
    const seen = new Set<string>()
    const isNew = (id: string) => !seen.has(id) && seen.add(id) !== undefined
    return gtStudio.pages(batch).pipe(
      Stream.map(({ jobs, malformed }): ReadonlyArray<Entry> => [
        ...jobs.filter((job) => isFinished(job) && isNew(job.id)),
        ...malformed.filter(({ identified, jobId }) => !identified || isNew(jobId))
      ]),
      Stream.flattenIterable
    )
  })
