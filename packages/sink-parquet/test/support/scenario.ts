/** A run that meets every path of a commit: new and full parts, reworks in old and last parts, two platform batches. */
import type { JobSink } from "@labelstream/core/sink"
import type { Fs } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import { scale } from "../../../../scripts/testScale.ts"
import { ParquetSink } from "../../src/index.ts"
import { jobs, record } from "./records.ts"

/** Small parts and row groups. */
export const options = { rowGroupRows: 4, partBytes: 3000, compression: "none" } as const

/** Which operations are made to fail: every so many. Each of them takes minutes. */
export const every = scale(39, 1)

/** The batches in order. */
export const batches: ReadonlyArray<ReadonlyArray<JobSink.JobRecord>> = [
  [...jobs(0, 3), record({ job: "emptied", nested: ["gone"], rows: 5 })],
  [
    record({ job: "job-00001", text: "newer", nested: ["n0"], rows: 6 }),
    record({ job: "emptied", text: "newer", rows: 0 }),
    record({ job: "new" }),
    record({ job: "other", batch: "batch-2", nested: ["p0"] })
  ]
]

/** Runs the batches from `first` on, and notes what was acknowledged. */
export const play = (directory: string, fs: Fs, acknowledged: Array<ReadonlyArray<JobSink.Receipt>>, first = 0) =>
  Effect.scoped(Effect.gen(function*() {
    const sink = yield* ParquetSink.makeWith({ directory, ...options }, fs).open
    for (const [index, batch] of batches.entries()) {
      if (index < first) continue
      yield* sink.stage(`token-${index}`, batch)
      acknowledged[index] = yield* sink.commit(`token-${index}`)
    }
    yield* sink.finish({ outcome: "completed" })
  }))
