/**
 * How often and how long a failed request is tried again. Whether it is tried at all is decided from the error's own
 * reason; this decides when.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { GtStudioError } from "./GtStudioError.ts"

/** Budget of one request. Waits double from `base` to `cap`, each made 20 % shorter to 20 % longer by chance. */
export interface RetryBudget {
  /** First wait. Default: 200 milliseconds. */
  readonly base: Duration.Input
  /** Longest wait of our own; a `Retry-After` may ask for more. Default: 20 seconds. */
  readonly cap: Duration.Input
  /** Most tries after the first one. Default: 8. */
  readonly retries: number
  /** No wait is begun that would end later than this after the first try. Default: 2 minutes. */
  readonly maxElapsed: Duration.Input
}

/** The default budget: eight more tries over about 45 seconds, at most 2 minutes with waits that the platform asks for. */
export const defaultBudget: RetryBudget = {
  base: Duration.millis(200),
  cap: Duration.seconds(20),
  retries: 8,
  maxElapsed: Duration.minutes(2)
}

/** Further attempts after a failure that seldom passes, such as a refused link, whatever else failed in between. */
export const few = 2

/**
 * Whether a request is sent only once, as its failures have proved to be permanent. A throttled request still waits as the
 * API asks, and a doubtful file is still downloaded again. Default: false.
 */
export const TriesOnce = Context.Reference<boolean>("@labelstream/core/RetryPolicy/TriesOnce", {
  defaultValue: () => false
})

/**
 * The one schedule on which requests to the platform and its storage are repeated: exponential with jitter, never
 * sooner than `Retry-After`, at once where a second download settles a doubt, within the budget, and only for reasons
 * that may pass. The caller counts how many of the retries may be for reasons that seldom pass.
 */
export const schedule = (budget: RetryBudget): Schedule.Schedule<unknown, GtStudioError> => {
  const maxElapsed = Duration.toMillis(Duration.fromInputUnsafe(budget.maxElapsed))
  return Schedule.min([Schedule.exponential(budget.base), Schedule.spaced(budget.cap)]).pipe(
    Schedule.jittered,
    Schedule.upTo({ times: budget.retries }),
    Schedule.setInputType<GtStudioError>(),
    Schedule.while(({ input: { reason } }) => reason.patience === "budget" || reason.patience === "few"),
    Schedule.modifyDelay(({ attempt, duration, input: { reason } }) => {
      if (reason._tag === "Throttled" && reason.retryAfterMillis !== null) {
        return Effect.succeed(Duration.max(duration, Duration.millis(reason.retryAfterMillis)))
      }
      // Bytes in doubt are mostly the file: the second download is to settle that.
      const isDoubt = attempt === 1 && reason._tag === "NotTheFile" && reason.kind === "doubt"
      return Effect.succeed(isDoubt ? Duration.zero : duration)
    }),
    Schedule.while(({ duration, elapsed }) => elapsed + Duration.toMillis(duration) <= maxElapsed)
  )
}
