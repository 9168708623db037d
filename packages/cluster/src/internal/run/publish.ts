/**
 * What happens to sinks before and after the work of many writers. Before it, their targets are checked and the ledger is
 * reconciled with what is there. After it, branches are merged, and sinks with one writer are filled.
 */
import { Export, GtStudio, JobSink, Ledger, Selection } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { ClusterError } from "../../ClusterError.ts"
import { ExportStore } from "../../ExportStore.ts"
import { type Failure, step } from "../failure.ts"
import { type Known, writerOf } from "../sessions.ts"
import { runLedger } from "./runLedger.ts"

/** Another export may hold the target for as long as it takes to publish. */
const whileTaken = {
  schedule: Schedule.spaced("1 second").pipe(Schedule.upTo({ duration: "1 minute" })),
  while: (error: Failure) => error._tag === "SinkError" && error.reason === "conflict" && error.step !== "check"
}

/** Looks for parts that are still open: one of a runner that died on another machine is taken for open for two minutes. */
const whileOpen = Schedule.spaced("500 millis").pipe(Schedule.upTo({ duration: "3 minutes" }))

/**
 * Opens every sink once: refuses what cannot be written to, and reconciles the ledger with what an earlier export left.
 * The sinks count as open from then on, as runners write to them and may die between a commit and its receipts.
 */
export const open = ({ run, shared, single }: Known) =>
  step(Effect.gen(function*() {
    const ledger = yield* Ledger.Ledger
    yield* Export.run({ batches: [], sinks: [...shared, ...single] }).pipe(
      Effect.provideService(Ledger.Ledger, {
        ...ledger,
        begin: Effect.succeed(run),
        end: () => Effect.void,
        closed: () => Effect.void
      }),
      Effect.retry(whileTaken)
    )
  }))

const stillOpen = (sink: JobSink.JobSink, writers: ReadonlyArray<string>) =>
  new ClusterError({
    reason: "aborted",
    detail: `What ${writers.length === 1 ? "a runner" : `${writers.length} runners`} stored is not published, since ` +
      `it still has its part of ${sink.id} open: end it if it hangs, and run the export again`
  })

const mergeOf = (exportId: string, sink: JobSink.JobSink) => {
  if (sink.branches === undefined) return Effect.void
  const mine = writerOf(exportId, "")
  return sink.branches.merge.pipe(
    Effect.retry(whileTaken),
    Effect.flatMap(({ stillOpen: writers }) => {
      const ours = writers.filter((writer) => writer.startsWith(mine))
      return ours.length === 0 ? Effect.void : Effect.fail(stillOpen(sink, ours))
    }),
    Effect.retry({ schedule: whileOpen, while: (error) => error._tag === "ClusterError" })
  )
}

/** Merges the branches of each sink, and fills sinks with one writer from what is stored. */
export const publish = (exportId: string, known: Known) =>
  step(Effect.gen(function*() {
    yield* Effect.forEach(known.shared, (sink) => mergeOf(exportId, sink), { discard: true })
    if (known.shared.length > 0 && known.single.length > 0) yield* fill(known)
  }))

/**
 * Stores in sinks with one writer what the other sinks hold, by an export that lists and fetches only what could not be read
 * back.
 */
const fill = Effect.fnUntraced(function*({ load, request, run, shared, single }: Known) {
  const gtStudio = yield* GtStudio.GtStudio
  const store = yield* ExportStore
  const ledger = store.ledger(run)
  const targets = new Set(single.map(({ id }) => id))
  const lacks = (entry: Ledger.LedgerEntry) => {
    const has = (sink: string) => Selection.holds(entry, sink, request.attachments)
    return shared.some(({ id }) => has(id)) && !Array.from(targets).every(has)
  }
  const report = yield* Export.run({
    batches: request.batches,
    sinks: [...shared, ...single],
    attachments: request.attachments,
    load
  }).pipe(
    Effect.provideService(GtStudio.GtStudio, {
      ...gtStudio,
      pages: (batch) =>
        ledger.entries({ batch, stage: "stored" }).pipe(
          Stream.map((entries): GtStudio.JobPage => ({
            number: 1,
            malformed: [],
            jobs: entries.filter(lacks).map(({ jobId, listed, referenceId }) => ({
              id: jobId,
              referenceId,
              ...listed,
              tag: null,
              priorityWeight: null
            }))
          })),
          Stream.orDie
        )
    }),
    Effect.provideService(Ledger.Ledger, runLedger(store, run)),
    Effect.retry(whileTaken)
  )
  for (const { notice } of report.sinks) if (notice !== null) yield* Effect.logWarning(notice)
  const broken = report.sinks.find(({ error }) => error !== null)
  if (broken?.error != null) return yield* new ClusterError({ reason: "aborted", detail: broken.error })
})
