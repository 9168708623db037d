/**
 * A run through every path of a commit: new jobs, changed jobs with fewer, more, and no nested files, two platform
 * batches.
 */
import type { JobSink } from "@labelstream/core/sink"
import type { Fs } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import { FilesSink } from "../../src/index.ts"
import { record } from "./records.ts"

/** The batches in order. */
export const batches: ReadonlyArray<ReadonlyArray<JobSink.JobRecord>> = [
  [
    record({ job: "reworked", text: "old", nested: [{ text: "m0" }, { text: "m1", frameId: "f" }] }),
    record({ job: "plain" }),
    record({ job: "emptied", text: "old", nested: [{ text: "gone" }] })
  ],
  [
    record({ job: "reworked", text: "newer", nested: [{ text: "n0" }] }),
    record({ job: "emptied", text: "newer" }),
    record({ job: "plain" }),
    record({ job: "other", batch: "batch-2", nested: [{ text: "p0" }] })
  ]
]

/** Runs the batches from `first` on, and notes what was acknowledged. */
export const play = (directory: string, fs: Fs, acknowledged: Array<ReadonlyArray<JobSink.Receipt>>, first = 0) =>
  Effect.scoped(Effect.gen(function*() {
    const sink = yield* FilesSink.makeWith({ directory }, fs).open
    for (const [index, batch] of batches.entries()) {
      if (index < first) continue
      yield* sink.stage(`token-${index}`, batch)
      acknowledged[index] = yield* sink.commit(`token-${index}`)
    }
    yield* sink.finish({ outcome: "completed" })
  }))
