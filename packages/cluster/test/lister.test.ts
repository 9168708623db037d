import { assert, describe, it } from "@effect/vitest"
import { GtStudio, type Job, Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { ExportStore } from "../src/index.ts"
import { list } from "../src/internal/run/lister.ts"
import { fresh, kinds } from "./support/databases.ts"
import { emptyRequest } from "./support/requests.ts"

const batch: Job.BatchRef = { projectId: "p", batchId: "b" }
const listed: Ledger.Listed = { status: "completed", frames: 1, annotations: 2 }

/** A platform whose batch lists nothing. */
const platform = { pages: () => Stream.empty } as unknown as GtStudio.GtStudio["Service"]

describe("the lister", () => {
  it.live("places a job that its sink has lost and that is no longer listed, so that it is fetched or fails", () =>
    Effect.gen(function*() {
      const store = yield* ExportStore.ExportStore
      const { row } = yield* store.submit("key", "{}")
      const { run } = yield* store.begin(row.id)
      const ledger = store.ledger(run)
      yield* ledger.record(["kept", "lost"].map((jobId): Ledger.Outcome => ({
        _tag: "Stored",
        batch,
        sink: "files",
        receipt: { batchId: "b", jobId, revision: { document: "r", attachments: "" }, bytes: 1 },
        listed,
        at: 1
      })))
      yield* ledger.record([{ _tag: "Voided", batch, sink: "files", jobId: "lost" }])
      const slices: Array<number> = []
      yield* list({
        run,
        request: { ...emptyRequest, batches: [batch], sinks: ["files"] },
        sinks: ["files"],
        sliceJobs: 10,
        isStopped: () => false,
        onSlice: (slice) => Effect.sync(() => slices.push(slice))
      }).pipe(
        Effect.provideService(GtStudio.GtStudio, platform),
        Effect.provideService(Ledger.Ledger, ledger)
      )
      assert.deepStrictEqual(slices, [1])
      assert.deepStrictEqual((yield* store.sliceJobs(run, 1)).map(({ summary }) => summary.id), ["lost"])
      const { batches } = yield* store.progress(run)
      assert.deepInclude(batches[0], { listed: 1, delisted: 1, isListed: true })
    }).pipe(Effect.provide(ExportStore.layer.pipe(Layer.provide(fresh(kinds[0]!))), { local: true })))
})
