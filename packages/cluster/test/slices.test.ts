/** An export and the runners that it sends slices to. */
import { assert, describe, it } from "@effect/vitest"
import { GtStudio } from "@labelstream/core"
import { FilesSink } from "@labelstream/sink-files"
import * as Sharding from "effect/cluster/Sharding"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { ExportStore } from "../src/index.ts"
import { doJobs } from "../src/internal/jobs.ts"
import type { Known } from "../src/internal/sessions.ts"
import { fresh, kinds } from "./support/databases.ts"
import { temporaryFolder } from "./support/folders.ts"
import { emptyRequest } from "./support/requests.ts"
import { batch, summary } from "./support/stores.ts"

const platform = {
  pages: () => Stream.succeed({ number: 1, jobs: [summary("one")], malformed: [] })
} as unknown as GtStudio.GtStudio["Service"]

describe("an export that sends out slices", () => {
  it.live("sends a slice again if its runner leaves meanwhile, and is not interrupted itself", () =>
    Effect.gen(function*() {
      const store = yield* ExportStore.ExportStore
      const { row } = yield* store.submit("key", "{}")
      const { run } = yield* store.begin(row.id)
      const asked: Array<number> = []
      const Do = ({ round, slice }: { readonly round: number; readonly slice: number }) =>
        Effect.gen(function*() {
          asked.push(round)
          // So responds a runner whose server ends.
          if (asked.length === 1) return yield* Effect.interrupt
          return yield* store.endSlice(run, yield* store.lease(run, slice), [{ ...batch, jobId: "one" }], {
            batches: []
          })
        })
      const sink = FilesSink.make({ directory: yield* temporaryFolder })
      const known: Known = {
        id: row.id,
        request: { ...emptyRequest, batches: [batch], sinks: [sink.id] },
        run,
        load: 1,
        shared: [sink],
        single: []
      }
      yield* doJobs(row.id, known, { sliceJobs: 10, concurrency: 1 }).pipe(
        Effect.provideService(GtStudio.GtStudio, platform),
        Effect.provideService(
          Sharding.Sharding,
          { makeClient: () => Effect.succeed(() => ({ Do })) } as unknown as Sharding.Sharding["Service"]
        )
      )
      assert.deepStrictEqual(asked, [0, 0])
      assert.deepStrictEqual(yield* store.pending(run), [])
    }).pipe(Effect.scoped, Effect.provide(ExportStore.layer.pipe(Layer.provide(fresh(kinds[0]!))), { local: true })))
})
