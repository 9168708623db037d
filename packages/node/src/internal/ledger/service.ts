/** The calls of the ledger, each as one program that a driver runs. */
import type { Job, Ledger } from "@labelstream/core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as audits from "./audit.ts"
import type { Program } from "./program.ts"
import * as reads from "./reads.ts"
import type { Writes } from "./writes.ts"

/** Runs a program, with what the state of the database explains as the ledger's error. */
export type Run = <A>(program: () => Program<A>) => Effect.Effect<A, Ledger.LedgerError>

/** A walk step by step, each when it is asked for; steps without anything are left out. */
export const steps = <A>(
  run: Run,
  first: () => Program<reads.Position | undefined>,
  walk: (at: reads.Position) => Program<reads.Step<A>>
): Stream.Stream<ReadonlyArray<A>, Ledger.LedgerError> =>
  Stream.unwrap(Effect.map(
    run(first),
    (position) =>
      position === undefined ? Stream.empty : Stream.paginate(position, (at) =>
        Effect.map(
          run(() => walk(at)),
          ({ entries, next }) => [entries.length === 0 ? [] : [entries], Option.fromUndefinedOr(next)] as const
        ))
  ))

/** The calls that read. */
export const reading = (run: Run, read: reads.Reads) => ({
  runs: Stream.paginate(
    Number.MAX_SAFE_INTEGER,
    (before) =>
      Effect.map(run(() => read.runs(before)), (runs) => {
        const next = runs.length === reads.step ? Option.fromUndefinedOr(runs.at(-1)?.run) : Option.none()
        return [runs.length === 0 ? [] : [runs], next] as const
      })
  ),
  entries: (filter: Ledger.EntryFilter) => steps(run, () => read.first(filter), (at) => read.walk(at, filter)),
  find: (batch: Job.BatchRef, ids: ReadonlyArray<string>) => run(() => read.entries(batch, ids)),
  counts: (batch: Job.BatchRef) => run(() => read.counts(batch)),
  hasReceipts: (sink: string) => run(() => read.hasReceipts(sink)),
  countReceipts: (sink: string) => run(() => read.countReceipts(sink)),
  audit: (sink: string) =>
    Effect.sync((): Ledger.Audit => {
      const { check, walk } = audits.make(read, sink)
      return {
        check: (found, besides) => run(() => check(found, besides)),
        unchecked: steps(run, () => read.first({}), walk)
      }
    })
})

/** The calls that write, each in one transaction. `run` is for calls whose programs say where they need one. */
export const writing = (run: Run, transaction: Run, write: Writes) => ({
  begin: Effect.flatMap(Clock.currentTimeMillis, (now) => run(() => write.begin(now))),
  end: (id: number, end: Ledger.RunEnd) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => transaction(() => write.endRun(id, now, end))),
  observe: (
    id: number,
    batch: Job.BatchRef,
    page: ReadonlyArray<Job.JobSummary>,
    sinks?: ReadonlyArray<string>,
    attachments?: Job.AttachmentChoice
  ) => page.length === 0 ? Effect.succeed([]) : run(() => write.observe(id, batch, page, sinks, attachments)),
  record: (outcomes: ReadonlyArray<Ledger.Outcome>) =>
    outcomes.length === 0 ? Effect.void : transaction(() => write.record(outcomes)),
  opened: (sink: string) => transaction(() => write.opened(sink)),
  closed: (sink: string) => transaction(() => write.closed(sink))
})
