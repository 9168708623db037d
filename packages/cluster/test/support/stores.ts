/** Jobs, outcomes, and stores with an export, for tests of `ExportStore`. */
import type { Job, Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ExportStore } from "../../src/index.ts"
import { fresh, type Kind } from "./databases.ts"

export const batch: Job.BatchRef = { projectId: "p", batchId: "b" }

export const summary = (id: string): Job.JobSummary => ({
  id,
  referenceId: `ref of ${id}`,
  status: "completed",
  frames: 1,
  annotations: 2,
  tag: `tag of ${id}`,
  priorityWeight: 0.5
})

export const listed: Ledger.Listed = { status: "completed", frames: 1, annotations: 2 }

export const placed = (id: string, slice: number | null, outcome: ExportStore.JobOutcome | null = null) => ({
  summary: summary(id),
  slice,
  outcome
})

export const stored = (jobId: string, document = "r1", sink = "files", bytes = 10): Ledger.Outcome => ({
  _tag: "Stored",
  batch,
  sink,
  receipt: { batchId: batch.batchId, jobId, revision: { document, attachments: "" }, bytes },
  listed,
  at: 1
})

/** Returns functions that run a test with a store on a new database, or with a store and an export that has begun. */
export const storesOn = (kind: Kind) => {
  const layer = ExportStore.layer.pipe(Layer.provide(fresh(kind)))
  const withStore = <A, E2>(f: (store: ExportStore.ExportStore["Service"]) => Effect.Effect<A, E2>) => () =>
    Effect.provide(ExportStore.ExportStore.use(f), layer, { local: true })

  const withRun =
    <A, E2>(f: (store: ExportStore.ExportStore["Service"], run: number, id: string) => Effect.Effect<A, E2>) => () =>
      withStore((store) =>
        Effect.gen(function*() {
          const { row } = yield* store.submit("key", "{}")
          const { run } = yield* store.begin(row.id)
          return yield* f(store, run, row.id)
        })
      )()

  return { withStore, withRun }
}
