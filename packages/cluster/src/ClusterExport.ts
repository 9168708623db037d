/** Exports on a cluster, for clients: submit an export, read its status, wait for its end, and stop it. */
import { type ExportReport, Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type { WorkflowEngine } from "effect/workflow/WorkflowEngine"
import { ClusterError } from "./ClusterError.ts"
import * as ExportRequest from "./ExportRequest.ts"
import { type ExportRow, ExportStore } from "./ExportStore.ts"
import { ExportWorkflow } from "./ExportWorkflow.ts"
import { reportOf } from "./internal/report.ts"

/** An export at one moment. */
export interface Status {
  readonly id: string
  readonly request: ExportRequest.ExportRequest
  /**
   * - `running`: submitted and not ended, with or without a runner
   * - `completed`: it reached its end, whether or not jobs failed
   * - `stopped`: a client stopped it
   * - `aborted`: `error` left nothing to continue
   */
  readonly state: ExportRow["state"]
  readonly report: ExportReport.ExportReport
  readonly error: string | null
  /** What it waits for, for people, such as `waiting for a lock: ...`; null if nothing is known, and after its end. */
  readonly waitsFor: string | null
}

/**
 * Submits an export, or joins a running one of the same platform, batches, sinks, and mode: `isNew` is then false. Returns
 * when the database has the export. The runners do the rest.
 */
export const submit = Effect.fnUntraced(function*(
  request: ExportRequest.ExportRequest
): Effect.fn.Return<
  { readonly id: string; readonly isNew: boolean },
  Ledger.LedgerError,
  ExportStore | WorkflowEngine
> {
  const store = yield* ExportStore
  const { isNew, row } = yield* store.submit(ExportRequest.keyOf(request), ExportRequest.encode(request))
  // Also for a joined export: the client that registered it may have died before this.
  yield* ExportWorkflow.execute({ exportId: row.id }, { discard: true })
  return { id: row.id, isNew }
})

const statusOf = Effect.fnUntraced(function*(row: ExportRow) {
  const report = yield* reportOf(row)
  const request = yield* ExportRequest.decode(row.request)
  return { id: row.id, request, state: row.state, report, error: row.error, waitsFor: row.waitsFor } satisfies Status
})

/** Returns an export at this moment. Fails with `refused` if no export has this id. */
export const status = (id: string): Effect.Effect<Status, ClusterError | Ledger.LedgerError, ExportStore> =>
  Effect.gen(function*() {
    const row = yield* (yield* ExportStore).find(id)
    if (Option.isSome(row)) return yield* statusOf(row.value)
    return yield* new ClusterError({ reason: "refused", detail: `There is no export ${id} in this cluster` })
  })

/** Returns the latest exports, the latest first. */
export const list = (
  limit: number
): Effect.Effect<ReadonlyArray<Status>, ClusterError | Ledger.LedgerError, ExportStore> =>
  Effect.gen(function*() {
    return yield* Effect.forEach(yield* (yield* ExportStore).list(limit), statusOf)
  })

/**
 * Asks an export to stop: jobs in flight end, and stored jobs are published. Returns whether the export was running. The
 * same request, submitted again, resumes it.
 */
export const stop = (id: string): Effect.Effect<boolean, Ledger.LedgerError, ExportStore> =>
  Effect.flatMap(ExportStore, (store) => store.requestStop(id))

/** How often a waiting process asks. */
const pollEvery = "500 millis"
/** Runners outlast an outage of the database, so a waiting client does too. */
const patience = Schedule.spaced("1 second").pipe(Schedule.upTo({ duration: "5 minutes" }))

/** Retries while the database does not respond, and logs when an outage begins and ends. */
const outlasting = <A, E, R>(effect: Effect.Effect<A, E | Ledger.LedgerError, R>) => {
  const isAway = (error: E | Ledger.LedgerError) =>
    error instanceof Ledger.LedgerError && error.reason === "unavailable"
  return Effect.catchIf(
    effect,
    isAway,
    () =>
      Effect.logWarning("The cluster's database does not respond. Retrying for 5 minutes.").pipe(
        Effect.andThen(Effect.retry(effect, { schedule: patience, while: isAway })),
        Effect.tap(Effect.logInfo("The cluster's database responds again."))
      )
  )
}

/**
 * Waits until an export has ended, however long that takes. Calls `onProgress` with the status twice per second. Retries for
 * 5 minutes while the database does not respond.
 */
export const awaitEnd = (
  id: string,
  onProgress: (status: Status) => Effect.Effect<void> = () => Effect.void
): Effect.Effect<Status, ClusterError | Ledger.LedgerError, ExportStore> =>
  Effect.gen(function*() {
    for (;;) {
      const now = yield* outlasting(status(id))
      if (now.state !== "running") return now
      yield* onProgress(now)
      yield* Effect.sleep(pollEvery)
    }
  })
