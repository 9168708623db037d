/**
 * One export of every kind of result into SQLite and Parquet, to query its tables: three simulated projects on three days,
 * whose reference ids overlap. The result of the last one is torn.
 */
import { assert } from "@effect/vitest"
import { type Content, Export, GtStudio, type JobSink, LoadId } from "@labelstream/core"
import { NodeImageHeader, NodeSpool, NodeTransport, SqliteLedger } from "@labelstream/node"
import { Scenario, Simulator } from "@labelstream/simulator"
import { ParquetSink } from "@labelstream/sink-parquet"
import { SqliteSink } from "@labelstream/sink-sqlite"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { join } from "node:path"

/** What one run stores. */
export interface Load {
  readonly simulator: Simulator.Running
  readonly batchId: string
  readonly startedAt: string
  /** What replaces the documents of all jobs; undefined if they are the simulator's. */
  readonly torn: string | undefined
}

const planned: ReadonlyArray<Omit<Load, "simulator"> & { readonly jobs: number }> = [
  { batchId: "street", jobs: 40, startedAt: "2026-11-23T08:00:00.000Z", torn: undefined },
  { batchId: "night", jobs: 30, startedAt: "2026-11-24T08:00:00.000Z", torn: undefined },
  {
    batchId: "torn",
    jobs: 1,
    startedAt: "2026-11-25T08:00:00.000Z",
    torn: `{"data": {"annotations": {"rectangles": ["torn", 7]}}}`
  }
]

/** Writes `labels.db` and `dataset` into a folder, and returns what must be in them. */
export const exportTables = (folder: string) =>
  Effect.forEach(planned, ({ jobs, ...plan }) =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({
        seed: plan.batchId,
        batches: [{ id: plan.batchId, jobs, kinds: Scenario.allKinds }],
        images: { sizes: [[640, 480], [320, 200], [270, 480]] }
      })
      const load: Load = { ...plan, simulator }
      const report = yield* run(folder, load)
      assert.isTrue(report.complete)
      return load
    }))

const run = (folder: string, load: Load) => {
  const { batchId, simulator } = load
  const platform = Layer.effect(
    GtStudio.GtStudio,
    Effect.map(GtStudio.GtStudio, (gtStudio) => load.torn === undefined ? gtStudio : tearing(gtStudio, load.torn))
  ).pipe(
    Layer.provide(GtStudio.layer({ apiKey: Redacted.make(simulator.apiKey), baseUrl: simulator.apiUrl })),
    Layer.provide([NodeTransport.layer(), NodeSpool.layer({ directory: join(folder, "spool") })])
  )
  const ledger = SqliteLedger.layer({ file: join(folder, "ledger.sqlite") })
  return Export.run({
    batches: [{ projectId: simulator.projectId, batchId }],
    attachments: "all",
    sinks: [
      SqliteSink.make({ file: join(folder, "labels.db") }),
      ParquetSink.make({ directory: join(folder, "dataset") })
    ].map((sink) => dated(sink, load))
  }).pipe(Effect.provide(Layer.mergeAll(platform, ledger, NodeImageHeader.layer)))
}

/** A platform whose documents are all the same text. */
const tearing = (gtStudio: GtStudio.GtStudio["Service"], text: string): GtStudio.GtStudio["Service"] => {
  const bytes = Buffer.from(text)
  const content: Content.Content = {
    size: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    mediaType: "application/json",
    bytes,
    path: undefined,
    stream: Stream.succeed(bytes),
    collect: Effect.succeed(bytes)
  }
  return { ...gtStudio, download: () => Effect.succeed(content) }
}

/** A sink of which each record has the day of its load. */
const dated = (sink: JobSink.JobSink, { startedAt }: Load): JobSink.JobSink => ({
  ...sink,
  open: Effect.map(sink.open, (opened) => ({
    ...opened,
    stage: (token, records) =>
      opened.stage(token, records.map((record) => ({ ...record, load: LoadId.of(Date.parse(startedAt), 7) })))
  }))
})
