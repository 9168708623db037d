/** Why a job failed, and whether another run can help it. */
import type { ContentError } from "../Content.ts"
import type { GtStudioError } from "../GtStudioError.ts"
import type { SinkError } from "../JobSink.ts"

/** Why a job failed, as kept for `retry` and for people. */
export interface JobFailure {
  /** Tag of the error's reason, such as `AttachmentMissing`. */
  readonly reason: string
  /** For people; no secret in it. */
  readonly message: string
  /** Whether an ordinary run retries the job. */
  readonly retryable: boolean
}

/** Returns a job's failure as the ledger and the report keep it. */
export const failureOf = (error: GtStudioError | ContentError | SinkError): JobFailure => {
  switch (error._tag) {
    case "GtStudioError":
      return {
        reason: error.reason._tag,
        message: error.message,
        // A key can be replaced.
        retryable: error.isRetryable || error.reason._tag === "InvalidKey"
      }
    case "ContentError":
      return { reason: "ContentError", message: error.message, retryable: true }
    case "SinkError":
      return {
        reason: `${error.sink} sink: ${error.reason}`,
        message: error.message,
        // What is wrong with the target can be repaired; only a record that was rejected stays so.
        retryable: error.reason !== "rejected"
      }
  }
}

/** Failed attempts in a row after which a failure counts as permanent. */
export const permanentAfter = 3

/**
 * Returns whether another run will hardly help a failed job: its error is permanent, or the job failed in
 * {@link permanentAfter} runs, and not because of a sink, the key, or a throttled API. Runs after that try it once,
 * without waiting.
 */
export const isPermanent = ({ reason, retryable }: JobFailure, attempts: number): boolean =>
  !retryable || (attempts >= permanentAfter && !/^(InvalidKey|Throttled)$| sink: /.test(reason))

/** Returns what later runs do about failed jobs, as a sentence: it agrees with {@link isPermanent}. */
export const outlook = (failure: { readonly retryable: boolean; readonly permanent: boolean }): string => {
  if (!failure.retryable) return "Not retryable: a normal run skips it."
  return failure.permanent
    ? `Permanent: it failed in ${permanentAfter} runs or more. Later runs try it once, without waiting.`
    : "The next run retries it."
}

/** Whether a job failed because this sink could not store it, as {@link failureOf} says. */
export const isFailureOf = (sink: string, failure: JobFailure): boolean => failure.reason.startsWith(`${sink} sink: `)
