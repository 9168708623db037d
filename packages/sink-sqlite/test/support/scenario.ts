/** A run that meets every kind of statement: new jobs, reworks with more and fewer rows, nested files, problems. */
import type { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import { SqliteSink } from "../../src/index.ts"
import type { Open } from "../../src/internal/sqlite.ts"
import { record } from "./records.ts"

/** The batches in order. */
export const batches: ReadonlyArray<ReadonlyArray<JobSink.JobRecord>> = [
  [
    record({ job: "reworked", labels: Array<string>(70).fill("old"), nested: ["m0", "m1"] }),
    record({ job: "plain" }),
    record({ job: "emptied", labels: ["old"], nested: ["gone"], problems: [{ path: "/x", reason: "old" }] })
  ],
  [
    record({ job: "reworked", labels: ["new", "newer"], nested: ["n0"] }),
    record({ job: "emptied", labels: [] }),
    record({ job: "plain" }),
    record({ job: "other", batch: "batch-2", nested: ["p0"], problems: [{ path: "/y", reason: "odd" }] })
  ]
]

/** Runs the batches from `first` on, and notes what was acknowledged. */
export const play = (
  file: string,
  open: Open,
  acknowledged: Array<ReadonlyArray<JobSink.Receipt>> = [],
  first = 0
) =>
  Effect.scoped(Effect.gen(function*() {
    const sink = yield* SqliteSink.makeWith({ file }, { open }).open
    for (const [index, batch] of batches.entries()) {
      if (index < first) continue
      yield* sink.stage(`token-${index}`, batch)
      acknowledged[index] = yield* sink.commit(`token-${index}`)
    }
    yield* sink.finish({ outcome: "completed" })
  }))
