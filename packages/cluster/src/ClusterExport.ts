/** Exports on a cluster as those see them who want one: hand it in, look at it, wait for it, stop it. */
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

/** An export as it stands. */
export interface Status {
  readonly id: string
  readonly request: ExportRequest.ExportRequest
  /**
   * - `running`: handed in and not ended, whether or not a runner is there to do it
   * - `completed`: it went to its end, whether or not jobs failed
   * - `stopped`: somebody stopped it
   * - `broken`: `error` made going on useless
   */
  readonly state: ExportRow["state"]
  readonly report: ExportReport.ExportReport
  readonly error: string | null
}

/**
 * Hands an export in. One of the same platform, batches, sinks and mode that has not ended is joined instead: `isNew`
 * is then false. Returns when the database has it; a runner takes it from there.
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
  // Also where it is joined: who registered it may have died before this.
  yield* ExportWorkflow.execute({ exportId: row.id }, { discard: true })
  return { id: row.id, isNew }
})

const statusOf = Effect.fnUntraced(function*(row: ExportRow) {
  const report = yield* reportOf(row)
  const request = yield* ExportRequest.decode(row.request)
  return { id: row.id, request, state: row.state, report, error: row.error } satisfies Status
})

/** An export at this moment. Fails with `refused` where there is none of this id. */
export const status = (id: string): Effect.Effect<Status, ClusterError | Ledger.LedgerError, ExportStore> =>
  Effect.gen(function*() {
    const row = yield* (yield* ExportStore).find(id)
    if (Option.isSome(row)) return yield* statusOf(row.value)
    return yield* new ClusterError({ reason: "refused", detail: `There is no export ${id} in this cluster` })
  })

/** The exports handed in last, the latest first. */
export const list = (
  limit: number
): Effect.Effect<ReadonlyArray<Status>, ClusterError | Ledger.LedgerError, ExportStore> =>
  Effect.gen(function*() {
    return yield* Effect.forEach(yield* (yield* ExportStore).list(limit), statusOf)
  })

/**
 * Asks an export to stop: jobs in flight end, what is stored is published. Answers whether it was running. The same
 * request handed in again goes on from there.
 */
export const stop = (id: string): Effect.Effect<boolean, Ledger.LedgerError, ExportStore> =>
  Effect.flatMap(ExportStore, (store) => store.requestStop(id))

/** How often a waiting process looks. */
const pollEvery = "500 millis"
/** Runners outlast a database that is away for a while, so who waits for them does too. */
const patience = Schedule.spaced("1 second").pipe(Schedule.upTo({ duration: "5 minutes" }))

/** Asks again while the database does not respond, and logs when that begins and when it ends. */
const outlasting = <A, E, R>(effect: Effect.Effect<A, E | Ledger.LedgerError, R>) => {
  const isAway = (error: E | Ledger.LedgerError) =>
    error instanceof Ledger.LedgerError && error.reason === "unavailable"
  return Effect.catchIf(
    effect,
    isAway,
    () =>
      Effect.logWarning("The cluster's database does not respond. Trying again for 5 minutes.").pipe(
        Effect.andThen(Effect.retry(effect, { schedule: patience, while: isAway })),
        Effect.tap(Effect.logInfo("The cluster's database responds again."))
      )
  )
}

/**
 * Waits until an export has ended, for as long as that takes. `onProgress` is told how it stands, twice a second. A database
 * that does not answer is asked again for five minutes.
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
