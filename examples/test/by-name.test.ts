import { assert, describe, it } from "@effect/vitest"
import { Export, GtStudio, SinkPlugin } from "@labelstream/core"
import { NodeSpool, NodeTransport, SqliteLedger } from "@labelstream/node"
import { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { join } from "node:path"
import { temporaryFolder } from "./support/program.ts"

const load = (name: string, options: unknown) => SinkPlugin.load(name, options, (name) => import(name))

describe("a sink by name", () => {
  it.live("is one of this project's, made from options as a configuration has them, and takes an export", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const configuration = {
        files: { directory: join(folder, "files") },
        sqlite: { file: join(folder, "labels.sqlite"), documents: "off" },
        parquet: { directory: join(folder, "parquet"), compression: "snappy" }
      }
      const sinks = yield* Effect.forEach(Object.entries(configuration), ([name, options]) => load(name, options))
      assert.deepStrictEqual(sinks.map(({ name }) => name), Object.keys(configuration))

      const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 12 }] })
      const platform = GtStudio.layer({ apiKey: Redacted.make(simulator.apiKey), baseUrl: simulator.apiUrl }).pipe(
        Layer.provide([NodeTransport.layer(), NodeSpool.layer({ directory: join(folder, "spool") })])
      )
      const report = yield* Export.run({ batches: [{ projectId: simulator.projectId, batchId: "b" }], sinks }).pipe(
        Effect.provide(Layer.merge(platform, SqliteLedger.layer({ file: join(folder, "ledger.sqlite") })))
      )
      assert.isTrue(report.complete)
      for (const { inspect, name } of sinks) {
        const found = yield* Stream.runCollect(Stream.flattenIterable(inspect("manifest")))
        assert.lengthOf(found.filter(({ _tag }) => _tag === "Intact"), 12, name)
      }
    }))

  it.live("lists all problems of its options", () =>
    Effect.gen(function*() {
      for (const [name, required] of [["files", "directory"], ["sqlite", "file"], ["parquet", "directory"]]) {
        const error = yield* Effect.flip(load(name!, { [required!]: "", unheardOf: 1 }))
        assert.strictEqual(error.reason, "options")
        assert.lengthOf(error.problems, 2, error.message)
        for (const option of [required!, "unheardOf"]) assert.include(error.message, `\n- ${option}: `)
        const none = yield* Effect.flip(load(name!, undefined))
        assert.strictEqual(none.reason, "options")
      }
    }))
})
