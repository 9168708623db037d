/** The reference sink as a subject: targets are names of stores. */
import { type JobSink, MemorySink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import type { Subject } from "../../src/index.ts"

/** A subject over stores in memory; `change` makes another sink of the reference sink. */
export const memorySubject = (
  change: (sink: MemorySink.MemorySink, target: string) => JobSink.JobSink = (sink) => sink,
  options: MemorySink.Options = {}
): Subject => {
  const stores = new Map<string, MemorySink.Store>()
  const storeAt = (target: string) => {
    const store = stores.get(target) ?? MemorySink.emptyStore()
    stores.set(target, store)
    return store
  }
  return {
    make: (target) => change(MemorySink.make({ ...options, store: storeAt(target), id: `memory:${target}` }), target),
    location: "elsewhere",
    damages: {
      "with a changed document": (target) =>
        Effect.sync(() => {
          const { jobs } = storeAt(target)
          const [[key, job] = []] = jobs
          if (key !== undefined && job !== undefined) jobs.set(key, { ...job, document: job.document.slice(1) })
        })
    },
    readBack: (target) => Effect.sync(() => [...storeAt(target).jobs.values()])
  }
}
