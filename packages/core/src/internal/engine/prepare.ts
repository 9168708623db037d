/** What a run does with its sinks before it lists anything: see {@link prepare}. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { InspectDepth, Inspected, JobSink } from "../../JobSink.ts"
import type { Ledger, Outcome } from "../../Ledger.ts"
import type { Selection } from "../../Selection.ts"
import { fill } from "./backfill.ts"
import type { Runner, Setting } from "./setting.ts"

export interface Preparing
  extends Pick<Setting, "batches" | "events" | "fetch" | "gtStudio" | "ledger" | "runners" | "stop">
{
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
  const { batches, events, fetch, gtStudio, ledger, load, repair, runId, runners, selection, stop } = preparing

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
        // A token names one batch, so the tokens of two sources must differ.
        runId: `${runId}-${index}`,
        batches,
        load,
        lease: fetch.lease,
        looking: { gtStudio, source: fetch.sizes, concurrency: 4 },
        stop
      })
      if (failure !== undefined) agreeing.delete(runner)
    }
  })

  // Inspects all sinks first: another sink can return a missing job only if it still has the job.
  const lost = yield* Effect.raceFirst(Effect.forEach(runners, reconciled), Effect.as(Deferred.await(stop), []))
  if (events.report.stopped) return
  yield* Effect.forEach(runners, (runner, index) => backfillFromOthers(runner, lost[index] === true), { discard: true })
})

/** How closely to inspect the sinks whatever the ledger says; undefined if the ledger decides. */
const depthOf = (repair: boolean, selection: Selection): InspectDepth | undefined => {
  if (repair) return "content"
  if (selection._tag !== "Refresh") return undefined
  return selection.jobs === undefined && selection.checkedBefore === undefined ? "content" : "manifest"
}

/** Jobs whose receipts are compared and recorded in one transaction. */
const jobsAtOnce = 1000

/**
 * Makes the ledger's receipts of a sink say what the sink holds: records the receipts that the ledger lacks, and voids
 * those that differ, or of whose job the sink holds nothing intact. Returns how many it voided. Each step is right by
 * itself, so that one that is cut off is completed by the next run.
 */
export const reconcile = Effect.fnUntraced(function*(
  ledger: Ledger["Service"],
  sink: JobSink,
  depth: InspectDepth
) {
  if (!sink.capabilities.inspectable) return 0
  const audit = yield* ledger.audit(sink.id)
  let voided = 0
  const record = (outcomes: ReadonlyArray<Outcome>) => outcomes.length === 0 ? Effect.void : ledger.record(outcomes)

  const compare = Effect.fnUntraced(function*(found: ReadonlyArray<Intact>) {
    const receipts = found.map(({ receipt }) => receipt)
    const words = yield* audit.check(receipts, [])
    yield* record(found.flatMap(({ projectId, receipt }, index): ReadonlyArray<Outcome> => {
      const batch = { projectId, batchId: receipt.batchId }
      if (words[index] === "unknown") return [{ _tag: "Reconciled", batch, sink: sink.id, receipt }]
      // A sink that appends may hold a job several times, and its latest revision cannot be recognized.
      if (words[index] === "match" || sink.capabilities.keying === "append") return []
      voided++
      // Not recorded as it is: a run that fetches the job finds, and reports, that it changed.
      return [{ _tag: "Voided", batch, sink: sink.id, jobId: receipt.jobId }]
    }))
    if (words.includes("unknown")) yield* audit.check(receipts, [])
  })

  yield* sink.inspect(depth).pipe(
    Stream.flattenIterable,
    Stream.filter((item) => item._tag === "Intact"),
    Stream.grouped(jobsAtOnce),
    Stream.runForEach(compare)
  )
  yield* Stream.runForEach(audit.unchecked, (jobs) => {
    voided += jobs.length
    return record(jobs.map(({ batchId, jobId, projectId }) => ({
      _tag: "Voided",
      batch: { projectId, batchId },
      sink: sink.id,
      jobId
    })))
  })
  return voided
}, Effect.scoped)

/**
 * Reconciles a sink where something speaks against its receipts: it is new to the ledger, the last run that had it open
 * was cut off between a commit and its receipts, or it holds another number of jobs. Returns how many receipts it voided.
 */
const agree = Effect.fnUntraced(function*(ledger: Ledger["Service"], sink: JobSink) {
  const isAgreed = yield* ledger.opened(sink.id)
  if (!sink.capabilities.inspectable) return 0
  // What only adds holds a job as often as it was exported.
  if (isAgreed && sink.capabilities.keying === "append") return 0
  const isSame = isAgreed && sink.count !== undefined
    && (yield* sink.count) === (yield* ledger.countReceipts(sink.id))
  return isSame ? 0 : yield* reconcile(ledger, sink, "manifest")
})

type Intact = Extract<Inspected, { readonly _tag: "Intact" }>
