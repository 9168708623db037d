import { assert, describe, it } from "@effect/vitest"
import { Export, GtStudio, type JobSink } from "@labelstream/core"
import { NodeSpool, NodeTransport, SqliteLedger } from "@labelstream/node"
import { Scenario, Simulator } from "@labelstream/simulator"
import { FilesSink } from "@labelstream/sink-files"
import { ParquetSink } from "@labelstream/sink-parquet"
import { SqliteSink } from "@labelstream/sink-sqlite"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { temporaryFolder } from "./support/program.ts"
import { assertIdentical } from "./support/targets.ts"

const exporting = (simulator: Simulator.Running, folder: string) => (sinks: ReadonlyArray<JobSink.JobSink>) =>
  Export.run({ batches: simulator.batches.map(({ id }) => ({ projectId: simulator.projectId, batchId: id })), sinks })
    .pipe(
      Effect.provide(Layer.merge(
        GtStudio.layer({ apiKey: Redacted.make(simulator.apiKey), baseUrl: simulator.apiUrl }).pipe(
          Layer.provide([NodeTransport.layer(), NodeSpool.layer({ directory: join(folder, "spool") })])
        ),
        SqliteLedger.layer({ file: join(folder, "ledger.sqlite") })
      ))
    )

const contents = (folder: string) =>
  Effect.promise(async () => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort()
    return Promise.all(files.map(async (file) => [file.slice(folder.length), await readFile(file, "latin1")] as const))
  })

/** What a sink says that it holds, in order of the jobs. */
const kept = (sink: JobSink.JobSink) =>
  Effect.map(
    Stream.runCollect(sink.inspect("content")),
    (found) => found.flat().map((item) => item._tag === "Intact" ? JSON.stringify(item.receipt) : item.path).sort()
  )

describe("a sink that is added later", () => {
  it.live("is filled from what another sink holds, without asking for a job again", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const simulator = yield* Simulator.start({
        batches: [{
          id: "b",
          jobs: 150,
          kinds: ["image_annotation", "image_segmentation", "custom", "point_cloud_segmentation"]
        }]
      })
      const run = exporting(simulator, folder)
      const first = FilesSink.make({ directory: join(folder, "first") })
      const second = FilesSink.make({ directory: join(folder, "second") })
      assert.isTrue((yield* run([first])).complete)
      yield* simulator.reset
      const report = yield* run([first, second])
      assert.strictEqual(report.batches[0]?.unchanged, 150)
      assert.deepStrictEqual(report.sinks.map(({ stored }) => stored), [0, 150])
      const { requests } = yield* simulator.report
      assert.deepStrictEqual(requests, { ...requests, jobs: 2, job: 0, attachment: 0, storage: 0 })
      assert.deepStrictEqual(yield* contents(join(folder, "second")), yield* contents(join(folder, "first")))
    }))

  it.live.each(
    [
      ["database", (folder: string) => SqliteSink.make({ file: join(folder, "labels.sqlite") })],
      ["dataset", (folder: string) => ParquetSink.make({ directory: join(folder, "dataset") })]
    ] as const
  )(
    "is filled from what a %s holds: the same documents and files, and no job is asked for",
    ([, holding]) =>
      Effect.gen(function*() {
        const folder = yield* temporaryFolder
        const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 60, kinds: Scenario.allKinds }] })
        const run = exporting(simulator, folder)
        const first = holding(folder)
        assert.isTrue((yield* run([first])).complete)
        yield* simulator.reset
        const added = [
          FilesSink.make({ directory: join(folder, "files") }),
          SqliteSink.make({ file: join(folder, "added.sqlite") }),
          ParquetSink.make({ directory: join(folder, "added") })
        ]
        const report = yield* run([first, ...added])
        assert.strictEqual(report.batches[0]?.unchanged, 60)
        assert.deepStrictEqual(report.sinks.map(({ stored }) => stored), [0, 60, 60, 60])
        const { requests } = yield* simulator.report
        assert.deepStrictEqual(requests, { ...requests, job: 0, attachment: 0, storage: 0 })
        assertIdentical(simulator, join(folder, "files"), "b")
        for (const sink of added) assert.deepStrictEqual(yield* kept(sink), yield* kept(first), sink.name)
      })
  )

  it.live("gets from the platform what the other sink cannot return as it was", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 20 }], countJobs: true })
      const run = exporting(simulator, folder)
      const first = FilesSink.make({ directory: join(folder, "first") })
      const second = FilesSink.make({ directory: join(folder, "second") })
      yield* run([first])
      const spoilt = simulator.job("b", 3).id
      yield* Effect.promise(() => writeFile(join(folder, "first", "b", `${spoilt}.json`), "spoilt"))
      yield* simulator.reset
      const report = yield* run([first, second])
      assert.isTrue(report.complete)
      assert.strictEqual(report.batches[0]?.exported, 1)
      const { requests } = yield* simulator.report
      assert.deepStrictEqual(requests, { ...requests, job: 1, attachment: 1, storage: 1 })
      const stored = yield* Effect.promise(() => readFile(join(folder, "second", "b", `${spoilt}.json`)))
      assert.isTrue(stored.equals(simulator.expectedDocument("b", spoilt)))
    }))
})
