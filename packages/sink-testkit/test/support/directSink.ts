/** A sink that several may write to at once, over stores in memory that can go away: sound, or broken in one way. */
import { JobSink, MemorySink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import type { Subject } from "../../src/index.ts"
import { ticks } from "../../src/internal/ticks.ts"

/** What each broken one does. */
export const direct = {
  sound: "",
  locks: "refuses a second writer",
  twice: "applies a commit again whose answer was lost",
  final: "calls an outage final"
}

type Flaw = keyof typeof direct

interface Place {
  readonly store: MemorySink.Store
  readonly commits: Map<string, ReadonlyArray<JobSink.Receipt>>
  isAway: boolean
}

/** A subject with one of the flaws. */
export const directSubject = (flaw: Flaw): Subject => {
  const places = new Map<string, Place>()
  const placeAt = (target: string) => {
    const place = places.get(target) ?? { store: MemorySink.emptyStore(), commits: new Map(), isAway: false }
    places.set(target, place)
    return place
  }
  return {
    make: (target) => directSink(placeAt(target), `direct:${target}`, flaw),
    location: "elsewhere",
    readBack: (target) => Effect.sync(() => [...placeAt(target).store.jobs.values()]),
    outage: (target) =>
      Effect.acquireRelease(
        Effect.sync(() => void (placeAt(target).isAway = true)),
        () => Effect.sync(() => void (placeAt(target).isAway = false))
      )
  }
}

/** Each opening stages in its own sink, and its commits go into the one store. */
const directSink = (place: Place, id: string, flaw: Flaw): JobSink.JobSink => {
  const memory = MemorySink.make({ store: place.store, id })
  const failure = (step: JobSink.SinkError["step"]) =>
    new JobSink.SinkError({
      sink: memory.name,
      step,
      reason: flaw === "final" ? "misconfigured" : "unavailable",
      detail: "the store is away"
    })
  const reached = (step: JobSink.SinkError["step"]) =>
    Effect.suspend(() => place.isAway ? Effect.fail(failure(step)) : Effect.void)
  const commit = Effect.fnUntraced(function*(own: JobSink.OpenSink, store: MemorySink.Store, token: string) {
    yield* reached("commit")
    const known = flaw === "twice" ? undefined : place.commits.get(token)
    if (known !== undefined) return known
    const receipts = yield* own.commit(token)
    for (const [key, job] of store.jobs) place.store.jobs.set(key, job)
    if (flaw !== "twice") store.jobs.clear()
    place.commits.set(token, receipts)
    // The response takes time, and is lost if the store goes away meanwhile.
    yield* ticks(3)
    yield* reached("commit")
    return receipts
  })
  const opened = Effect.gen(function*() {
    yield* reached("open")
    if (flaw === "locks") return yield* memory.open
    const store = MemorySink.emptyStore()
    const own = yield* MemorySink.make({ store, id }).open
    const open: JobSink.OpenSink = {
      ...own,
      stage: (token, records) => Effect.andThen(reached("stage"), own.stage(token, records)),
      commit: (token) => commit(own, store, token)
    }
    return open
  })
  return { ...memory, capabilities: { ...memory.capabilities, writers: "direct" }, open: opened }
}
