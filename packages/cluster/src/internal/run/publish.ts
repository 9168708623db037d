/**
 * The steps before and after many writers work. Before: checks the sinks' targets, and reconciles the ledger with them. After:
 * merges branches, and fills sinks with one writer.
 */
import { Export, GtStudio, Ledger, Selection } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ClusterError } from "../../ClusterError.ts"
import { ExportStore } from "../../ExportStore.ts"
import { step } from "../failure.ts"
import type { Known } from "../sessions.ts"
import { mergeAll } from "./mergeAll.ts"
import { opening } from "./runJobs.ts"
import { runLedger } from "./runLedger.ts"
import { beginStep, type Say, whenFree } from "./whenFree.ts"

/**
 * Opens every sink once: fails if it cannot be written to, and reconciles the ledger with what an earlier export left. The
 * sinks then count as open, because runners write to them and may die between a commit and its receipts.
 */
export const open = (known: Known) =>
  step(Effect.gen(function*() {
    const { load, run, shared, single } = known
    const store = yield* ExportStore
    const say = yield* beginStep(known)
    const lease = yield* store.lease(run, opening)
    const ledger = store.ledger(run, lease)
    const opened = Export.run({ batches: [], sinks: [...shared, ...single], load, lease: lease.number }).pipe(
      Effect.provideService(Ledger.Ledger, {
        ...ledger,
        closed: () => Effect.void
      })
    )
    yield* whenFree(say, shared, opened)
  }))

/** Merges the branches of each sink, and fills sinks with one writer from what is stored. */
export const publish = (known: Known) =>
  step(Effect.gen(function*() {
    const say = yield* beginStep(known)
    yield* Effect.forEach(known.shared, (sink) => mergeAll(known, sink, say), { discard: true })
    if (known.shared.length > 0 && known.single.length > 0) yield* fill(known, say)
  }))

/**
 * Stores in sinks with one writer what the other sinks hold. It is an export that fetches only jobs that the other sinks
 * cannot return.
 */
const fill = Effect.fnUntraced(function*({ load, request, run, shared, single }: Known, say: Say) {
  const gtStudio = yield* GtStudio.GtStudio
  const store = yield* ExportStore
  const lease = yield* store.lease(run, 0)
  const ledger = store.ledger(run, lease)
  const targets = new Set(single.map(({ id }) => id))
  const lacks = (entry: Ledger.LedgerEntry) => {
    const has = (sink: string) => Selection.holds(entry, sink, request.attachments)
    return shared.some(({ id }) => has(id)) && !Array.from(targets).every(has)
  }
  const filling = Export.run({
    batches: request.batches,
    sinks: [...shared, ...single],
    attachments: request.attachments,
    load,
    lease: lease.number
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
    Effect.provideService(Ledger.Ledger, runLedger(store, run, lease))
  )
  const report = yield* whenFree(say, shared, filling)
  for (const { notice } of report.sinks) if (notice !== null) yield* Effect.logWarning(notice)
  const broken = report.sinks.find(({ error }) => error !== null)
  if (broken?.error != null) return yield* new ClusterError({ reason: "aborted", detail: broken.error })
})
