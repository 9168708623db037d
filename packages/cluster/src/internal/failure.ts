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

/** What ended a step, in a form that is kept and sent to other processes: words alone. */
export const clusterError = (error: Failure): ClusterError => {
  if (error._tag === "ClusterError") return error
  return new ClusterError({ reason: error._tag === "LedgerError" ? "storage" : "aborted", detail: error.message })
}

/** Tries after the first one while the database cannot be reached: about a minute. */
const again = Schedule.exponential("500 millis").pipe(Schedule.upTo({ times: 7 }))

/** A step of an export: waits out a database that is away for a short time, and fails in words. */
export const step = <A, R>(effect: Effect.Effect<A, Failure, R>): Effect.Effect<A, ClusterError, R> =>
  effect.pipe(
    Effect.retry({
      schedule: again,
      while: (error) => error._tag === "LedgerError" && error.reason === "unavailable"
    }),
    Effect.mapError(clusterError),
    // A defect would be tried again by the cluster for ever.
    Effect.catchDefect((defect) =>
      Effect.fail(
        new ClusterError({
          reason: "aborted",
          detail: `Labelstream broke, which is a fault in it: ${
            Cause.prettyErrors(Cause.die(defect))[0]?.message ?? "no error given"
          }`
        })
      )
    )
  )
