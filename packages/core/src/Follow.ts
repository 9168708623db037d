/**
 * Follows a batch that is still in progress: lists it repeatedly, and emits each job once it is finished. The API has no
 * "changed since" and no push for reads, so listing again is the only way to know.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { GtStudio } from "./GtStudio.ts"
import type { GtStudioError } from "./GtStudioError.ts"
import { monotonicMillis } from "./internal/monotonic.ts"
import { type BatchRef, isFinished, type JobSummary } from "./Job.ts"
import * as OptionError from "./OptionError.ts"

/** How often and how long to list. */
export interface Options {
  /** From the end of one listing to the start of the next, above 0. Default: 1 minute. A listing costs 1 request per 100 jobs. */
  readonly interval?: Duration.Input
  /** No listing begins later than this after the first. Default: none; it lists until all jobs are finished. */
  readonly deadline?: Duration.Input
}

/** Checks the options; `path` precedes their names. An interval of 0 would list without a pause. */
export const check = Effect.fnUntraced(function*({ deadline, interval }: Options, path = "") {
  if (interval !== undefined) yield* OptionError.duration(`${path}interval`, interval, 1)
  if (deadline !== undefined) yield* OptionError.duration(`${path}deadline`, deadline)
})

/** Returns the wait before the next pass, or undefined if the deadline comes first. */
export const nextPass = (options: Options, startedAt: number, now: number): Duration.Duration | undefined => {
  const interval = Duration.fromInputUnsafe(options.interval ?? Duration.minutes(1))
  const deadline = options.deadline === undefined
    ? Number.POSITIVE_INFINITY
    : Duration.toMillis(Duration.fromInputUnsafe(options.deadline))
  return now + Duration.toMillis(interval) - startedAt > deadline ? undefined : interval
}

/**
 * Emits the finished jobs of a batch, each once, as they become finished. Ends when every listed job is finished or the
 * deadline has come. Fails as `GtStudio.jobSummaries` does, and with an `OptionError`. Remembers the ids: about 100 bytes per
 * job.
 */
export const finishedJobs = (
  of: BatchRef,
  options: Options = {}
): Stream.Stream<JobSummary, GtStudioError | OptionError.OptionError, GtStudio> =>
  Stream.unwrap(Effect.gen(function*() {
    const batch = yield* OptionError.batch("batch", of)
    yield* check(options)
    const gtStudio = yield* GtStudio
    const startedAt = yield* monotonicMillis
    const given = new Set<string>()
    let unfinished = 0
    const look = gtStudio.jobSummaries(batch).pipe(
      Stream.filter((job) => {
        if (isFinished(job)) return !given.has(job.id) && given.add(job.id) !== undefined
        unfinished++
        return false
      })
    )
    /** Waits until the next pass; false if no job can change any more. */
    const again = Effect.gen(function*() {
      const wait = unfinished === 0 ? undefined : nextPass(options, startedAt, yield* monotonicMillis)
      if (wait === undefined) return false
      yield* Effect.sleep(wait)
      unfinished = 0
      return true
    })
    // Not a stream that continues with itself: that would be one level deeper for every look.
    return Stream.paginate(
      true,
      (isFirst) =>
        Effect.map(
          isFirst ? Effect.succeed(true) : again,
          (isDue) => [isDue ? [look] : [], isDue ? Option.some(false) : Option.none()] as const
        )
    ).pipe(
      Stream.flatten()
    )
  }))
