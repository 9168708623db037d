/** Exports from a fake platform, run after run on one ledger, with what must hold after each of them. */
import { assert } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Layer, Stream } from "effect"
import * as Export from "../../src/Export.ts"
import { apply, empty, type ExportReport, inFlight } from "../../src/ExportReport.ts"
import type { Options as GtStudioOptions } from "../../src/GtStudio.ts"
import { Ledger } from "../../src/Ledger.ts"
import * as LedgerMemory from "../../src/LedgerMemory.ts"
import type { FakePlatform } from "./fakePlatform.ts"
import type { MemorySink } from "./memorySink.ts"
import { lapse } from "./time.ts"

export type RunOptions = Partial<Omit<Export.Options, "sinks" | "batches">>

/** Everything that a series of runs shares. */
export const world = Effect.fnUntraced(function*(
  platform: FakePlatform,
  sinks: ReadonlyArray<MemorySink>,
  options: Partial<GtStudioOptions> = {}
) {
  const context = yield* Layer.build(
    Layer.merge(platform.layer({ retry: { retries: 2, base: 1 }, ...options }), Layer.fresh(LedgerMemory.layer))
  )
  const events: Array<Export.JobEvent> = []
  const optionsOf = (more: RunOptions): Export.Options => ({
    batches: platform.batches,
    sinks: sinks.map(({ sink }) => sink),
    onEvent: (event) => events.push(event),
    ...more
  })
  return {
    events,
    ledger: yield* Effect.provide(Ledger.use(Effect.succeed), context),
    /** A run with the real clock. */
    running: (more: RunOptions = {}) => Effect.provide(Export.run(optionsOf(more)), context),
    stream: (more: RunOptions = {}) => Stream.provideContext(Export.stream(optionsOf(more)), context),
    start: (more: RunOptions = {}) => Effect.provide(Export.start(optionsOf(more)), context),
    /** A run to its end, with what must hold after any run checked. */
    run: Effect.fnUntraced(function*(more: RunOptions = {}) {
      const before = events.length
      const result = yield* lapse(Effect.exit(Effect.provide(Export.run(optionsOf(more)), context)))
      released(platform, sinks)
      const report = yield* result
      balanced(report)
      once(events.slice(before), report)
      return report
    })
  }
})

/** Nothing is held any more, and nothing was read after it was returned. */
export const released = (platform: FakePlatform, sinks: ReadonlyArray<MemorySink>) => {
  strictEqual(platform.spool.held, 0)
  strictEqual(platform.spool.readLate, 0)
  strictEqual(platform.transport.open, 0)
  for (const sink of sinks) strictEqual(sink.opened, sink.closed)
}

/** The counts of every batch add up. */
export const balanced = (report: ExportReport) => {
  for (const batch of report.batches) {
    const { exported, failed, remaining, listed, unchanged, unfinished } = batch
    strictEqual(listed, exported + unchanged + unfinished + failed + remaining, JSON.stringify(batch))
    assert(remaining >= 0 && (report.stopped || remaining === 0), JSON.stringify(report))
    assert(batch.changed <= exported)
  }
  strictEqual(inFlight(report), 0)
}

/** The jobs of an event that ends jobs. */
const endOf = (event: Export.JobEvent): ReadonlyArray<string> => {
  switch (event._tag) {
    case "Exported":
    case "Failed":
    case "StillFailed":
      return [event.jobId]
    case "Skipped":
    case "Unchanged":
    case "Unfinished":
      return event.jobIds
    default:
      return []
  }
}

/** Events of one kind. */
export const only = <Tag extends Export.JobEvent["_tag"]>(events: ReadonlyArray<Export.JobEvent>, tag: Tag) =>
  events.filter((event): event is Extract<Export.JobEvent, { readonly _tag: Tag }> => event._tag === tag)

/** Every job has one end in each pass, and the report is the fold of the events. */
const once = (events: ReadonlyArray<Export.JobEvent>, report: ExportReport) => {
  const pass = events.slice(events.findLastIndex(({ _tag }) => _tag === "PassStarted"))
  for (const batch of report.batches) {
    const ended = pass.flatMap((event) => "batchId" in event && event.batchId === batch.batchId ? endOf(event) : [])
    strictEqual(new Set(ended).size, ended.length)
    strictEqual(ended.length, batch.listed + batch.skipped - batch.remaining)
  }
  deepStrictEqual(report, events.reduce(apply, empty))
}

/** The ids in a sink, sorted. */
export const idsIn = ({ stored }: MemorySink) => Array.from(stored.values(), ({ jobId }) => jobId).sort()

export const counts = (report: ExportReport, at = 0) => {
  const { exported, failed, listed, unchanged, unfinished } = report.batches[at]!
  return { listed, exported, unchanged, unfinished, failed }
}
