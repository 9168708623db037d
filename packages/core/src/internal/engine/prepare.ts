import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { InspectDepth } from "../../JobSink.ts"
import type { Selection } from "../../Selection.ts"
import { fill } from "./backfill.ts"
import { agree, reconcile } from "./reconcile.ts"
import type { Runner, Setting } from "./setting.ts"

export interface Preparing extends Pick<Setting, "batches" | "events" | "ledger" | "runners" | "stop"> {
  readonly runId: string
  readonly load: number
  readonly selection: Selection
  /** Whether to read and hash all that the sinks hold. */
  readonly repair: boolean
}

/**
 * What a run does before it lists anything: makes the receipts say what the sinks hold, and gives each sink what another
 * one has and it lacks. Adds to `agreeing` the sinks whose receipts are all that they hold.
 */
export const prepare = Effect.fnUntraced(function*(preparing: Preparing, agreeing: Set<Runner>) {
  const { batches, events, ledger, load, repair, runId, runners, selection, stop } = preparing

  /** Makes the receipts say what the sink holds, and returns whether it lost something that another sink may have. */
  const reconciled = Effect.fnUntraced(function*(runner: Runner) {
    const depth = depthOf(repair, selection)
    const voided = depth === undefined
      ? yield* agree(ledger, runner.sink)
      : yield* Effect.andThen(ledger.opened(runner.sink.id), reconcile(ledger, runner.sink, depth))
    agreeing.add(runner)
    return voided > 0
  })

  /** Gives a sink that was added later, or has lost jobs, what another one of this export holds already. */
  const backfillFromOthers = Effect.fnUntraced(function*(runner: Runner, hasLost: boolean) {
    const target = runner.sink
    for (const [index, { sink: source }] of runners.entries()) {
      const { replay } = source
      if (source === target || replay === undefined) continue
      if (!hasLost && (yield* ledger.countReceipts(source.id)) <= (yield* ledger.countReceipts(target.id))) continue
      const failure = yield* fill({
        ledger,
        events,
        source: { ...source, replay },
        target,
        open: runner.open,
        // Each token names one batch: those of two sources must differ.
        runId: `${runId}-${index}`,
        batches,
        load,
        stop
      })
      if (failure !== undefined) agreeing.delete(runner)
    }
  })

  // All of them first: what one has lost, another may give only where it has not lost it too.
  const lost = yield* Effect.raceFirst(Effect.forEach(runners, reconciled), Effect.as(Deferred.await(stop), []))
  if (events.report.stopped) return
  yield* Effect.forEach(runners, (runner, index) => backfillFromOthers(runner, lost[index] === true), { discard: true })
})

/** How closely to inspect the sinks whatever the ledger says; undefined where the ledger decides. */
const depthOf = (repair: boolean, selection: Selection): InspectDepth | undefined => {
  if (repair) return "content"
  if (selection._tag !== "Refresh") return undefined
  return selection.jobs === undefined && selection.checkedBefore === undefined ? "content" : "manifest"
}
