/** The work of an export: the listing, and the slices, which are sent out as they fill. */
import { GtStudio, type JobSink, Ledger } from "@labelstream/core"
import * as Cause from "effect/Cause"
import type { Sharding } from "effect/cluster/Sharding"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { ClusterError } from "../ClusterError.ts"
import { ExportStore } from "../ExportStore.ts"
import { step } from "./failure.ts"
import { list } from "./run/lister.ts"
import { entityId, Slice } from "./run/Slice.ts"
import { runSlice } from "./run/sliceRun.ts"
import { openAll } from "./run/writers.ts"
import { type Known, watchStop } from "./sessions.ts"

export interface JobsOptions {
  readonly sliceJobs: number
  /** Jobs of one slice in flight. */
  readonly concurrency: number
}

/** Slices that are sent out and not done. The others wait in the database. */
const slicesOut = 256
/** Slices at once if this runner does them all. */
const ownSlices = 2

/** Waits for a slice while runners leave, or for about 5 minutes while the database does not respond. */
const patience = Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("2 seconds")]).pipe(
  Schedule.upTo({ times: 150 })
)

/** A runner that leaves while it does a slice interrupts the call. The caller is not interrupted, and asks again. */
const unlessLeft = <A, E, R>(call: Effect.Effect<A, E, R>) =>
  Effect.catchCause(
    call,
    (cause): Effect.Effect<never, E | { readonly _tag: "RunnerLeft" }> =>
      Cause.hasInterrupts(cause) ? Effect.fail({ _tag: "RunnerLeft" }) : Effect.failCause(cause)
  )

/** Has slices done by the runners that the cluster gives them to. */
const sentOut = Effect.map(
  Slice.client,
  (client) => (exportId: string, slice: number, round: number) =>
    unlessLeft(client(entityId(exportId, slice)).Do({ exportId, slice, round })).pipe(
      Effect.retry({ schedule: patience, while: (error) => error._tag !== "ClusterError" }),
      Effect.mapError((error) =>
        error._tag === "ClusterError" ? error : new ClusterError({
          reason: "storage",
          detail: `A slice could not be sent to a runner (${error._tag}): check the cluster's database and runners`
        })
      )
    )
)

/** Has slices done here, by the only process that may write to the sinks. Ends with the scope. */
const doneHere = Effect.fnUntraced(function*(known: Known, concurrency: number, stop: Deferred.Deferred<void>) {
  const writers = yield* step(openAll(known.single, undefined))
  const work = { ...known, writers, concurrency, stop }
  return {
    run: (_: string, slice: number) => step(runSlice(work, slice)),
    finish: (end: JobSink.RunEnd) =>
      Effect.forEach(
        writers,
        ({ open }) =>
          Effect.flatMap(step(open.finish(end)), (notice) =>
            typeof notice === "string" ? Effect.logWarning(notice) : Effect.void),
        { discard: true }
      )
  }
})

/** How often slices are done again before that counts as a bug. */
const mostRounds = 5

const unended = (slices: number) =>
  new ClusterError({
    reason: "aborted",
    detail: `${slices} slices did not end, because of a bug in Labelstream. Run the export again to fetch their jobs`
  })

/** Lists, and has every slice done. Returns when no slice is left, or when the export was stopped. */
export const doJobs = (
  exportId: string,
  known: Known,
  options: JobsOptions
): Effect.Effect<void, ClusterError, ExportStore | GtStudio.GtStudio | Sharding> =>
  Effect.scoped(Effect.gen(function*() {
    const store = yield* ExportStore
    const stop = yield* watchStop(exportId)
    const isStopped = () => Deferred.isDoneUnsafe(stop)
    const here = known.shared.length > 0 ? undefined : yield* doneHere(known, options.concurrency, stop)
    const run = here?.run ?? (yield* sentOut)
    const slices = yield* Queue.unbounded<number, Cause.Done>()
    let failure: ClusterError | undefined

    const lease = yield* step(store.lease(known.run, 0))
    const listing = list({
      ...known,
      sinks: (known.shared.length > 0 ? known.shared : known.single).map(({ id }) => id),
      sliceJobs: options.sliceJobs,
      isStopped,
      onSlice: (slice) => Effect.asVoid(Queue.offer(slices, slice))
    })
    /** Stops the other slices too, since none can succeed, and lets them end. */
    const giveUp = (error: ClusterError) =>
      Effect.suspend(() => {
        failure ??= error
        return Effect.andThen(Deferred.succeed(stop, undefined), Effect.ignore(store.requestStop(exportId)))
      })
    const concurrency = here === undefined ? slicesOut : ownSlices
    const doOne = (round: number) => (slice: number) =>
      isStopped() ? Effect.void : Effect.asVoid(Effect.catch(run(exportId, slice, round), giveUp))
    const working = Stream.fromQueue(slices).pipe(
      Stream.mapEffect(doOne(0), { concurrency, unordered: true }),
      Stream.runDrain
    )
    yield* Effect.all([
      step(Effect.provideService(listing, Ledger.Ledger, store.ledger(known.run, lease))).pipe(
        Effect.catch(giveUp),
        Effect.ensuring(Queue.end(slices))
      ),
      working
    ], { concurrency: "unbounded", discard: true })
    // While the export moves to another runner, both list for a moment, and a slice can get jobs after its end.
    for (let round = 1; !isStopped(); round++) {
      const pending = yield* step(store.pending(known.run))
      if (pending.length === 0) break
      if (round > mostRounds) yield* giveUp(unended(pending.length))
      else yield* Effect.forEach(pending, doOne(round), { concurrency, discard: true })
    }
    if (here !== undefined) {
      const isOver = failure === undefined && !isStopped()
      const { batches } = yield* step(store.progress(known.run))
      const hasAll = batches.every(({ isListed }) => isListed)
      yield* here.finish({ outcome: !isOver ? "stopped" : hasAll ? "completed" : "partial" })
    }
    if (failure !== undefined) return yield* failure
  }))
