/**
 * The sinks that an export has open on this runner, shared by the slices in progress. A slice gets sinks that are open
 * already. At its end, its staged and uncommitted batches are dropped.
 */
import type { JobSink } from "@labelstream/core"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"

/** A sink that is open, for slices to write to. */
export interface Writer {
  readonly sink: JobSink.JobSink
  readonly open: JobSink.OpenSink
  /** A slice holds one from stage to commit, so that all slices together stay within the sink's `concurrentBatches`. */
  readonly permits: Semaphore.Semaphore
  /** Whether another process has taken over the branch: every write to it then fails. */
  isLost: boolean
}

/**
 * Opens sinks for as long as the scope lasts: as this writer's branch of each that has branches, or, without a name, as the
 * only writer. A sink that several write to directly is opened by each.
 */
export const openAll = (
  sinks: ReadonlyArray<JobSink.JobSink>,
  writer: string | undefined
): Effect.Effect<ReadonlyArray<Writer>, JobSink.SinkError, Scope.Scope> =>
  Effect.forEach(sinks, (sink) =>
    Effect.map(
      writer === undefined || sink.branches === undefined ? sink.open : sink.branches.open(writer),
      (open): Writer => ({
        sink,
        open,
        permits: Semaphore.makeUnsafe(sink.capabilities.concurrentBatches),
        isLost: false
      })
    ))

/** A sink whose opening and finishing are not this slice's. The scope drops what was staged and not committed. */
export const forSlice = (writer: Writer): Effect.Effect<JobSink.JobSink, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { open, permits, sink } = writer
    const noticing = <A>(step: Effect.Effect<A, JobSink.SinkError>) =>
      Effect.tapError(step, ({ reason }) =>
        Effect.sync(() => {
          if (reason === "conflict") writer.isLost = true
        }))
    const held = new Set<JobSink.CommitToken>()
    const take = (token: JobSink.CommitToken) =>
      Effect.suspend(() => held.has(token) ? Effect.void : Effect.map(permits.take(1), () => held.add(token)))
    const release = (token: JobSink.CommitToken) =>
      Effect.suspend(() => held.delete(token) ? permits.release(1) : Effect.void)
    yield* Effect.addFinalizer(() =>
      Effect.forEach(Array.from(held), (token) => Effect.andThen(Effect.ignore(open.abort(token)), release(token)), {
        discard: true
      })
    )
    const opened: JobSink.OpenSink = {
      stage: (token, records) =>
        noticing(Effect.andThen(Effect.uninterruptible(take(token)), open.stage(token, records))),
      commit: (token) => noticing(Effect.tap(open.commit(token), () => release(token))),
      abort: (token) => Effect.ensuring(open.abort(token), release(token)),
      finish: () => Effect.void
    }
    const { branches: _, replay: __, ...rest } = sink
    // A slice sees a part of what a sink holds: it neither reconciles the ledger with it nor backfills or publishes it.
    return { ...rest, capabilities: { ...sink.capabilities, inspectable: false }, open: Effect.succeed(opened) }
  })
