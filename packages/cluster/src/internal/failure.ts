import type { Content, GtStudioError, JobSink, Ledger, OptionError } from "@labelstream/core"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { ClusterError } from "../ClusterError.ts"

export type Failure =
  | GtStudioError.GtStudioError
  | JobSink.SinkError
  | OptionError.OptionError
  | Ledger.LedgerError
  | Content.ContentError
  | ClusterError

/** Turns the error that ended a step into text, which can be stored and sent to other processes. */
export const clusterError = (error: Failure): ClusterError => {
  if (error._tag === "ClusterError") return error
  return new ClusterError({ reason: error._tag === "LedgerError" ? "storage" : "aborted", detail: error.message })
}

/** Retries while the database cannot be reached, for about a minute. */
const again = Schedule.exponential("500 millis").pipe(Schedule.upTo({ times: 7 }))

/** Runs a step of an export. Retries while the database does not respond, and fails with text. */
export const step = <A, R>(effect: Effect.Effect<A, Failure, R>): Effect.Effect<A, ClusterError, R> =>
  effect.pipe(
    Effect.retry({
      schedule: again,
      while: (error) => error._tag === "LedgerError" && error.reason === "unavailable"
    }),
    Effect.mapError(clusterError),
    // The cluster would retry a defect forever.
    Effect.catchDefect((defect) =>
      Effect.fail(
        new ClusterError({
          reason: "aborted",
          detail: `Labelstream failed because of a bug in it: ${
            Cause.prettyErrors(Cause.die(defect))[0]?.message ?? "no error given"
          }`
        })
      )
    )
  )
