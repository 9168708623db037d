import { assert, it } from "@effect/vitest"
import { Export, GtStudio } from "@labelstream/core"
import { PathName } from "@labelstream/core"
import { NodeSpool, NodeTransport, SqliteLedger } from "@labelstream/node"
import { Fault, Simulator } from "@labelstream/simulator"
import { FilesSink } from "@labelstream/sink-files"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { scale } from "../../scripts/testScale.ts"

const jobs = scale(200, 10_000)

it.live(
  `exports ${jobs} complete and identical jobs although every transient fault hits 2 % of the requests`,
  () =>
    Effect.gen(function*() {
      const output = yield* Effect.acquireRelease(
        Effect.promise(() => mkdtemp(join(tmpdir(), "labelstream-faults-"))),
        (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
      )
      const simulator = yield* Simulator.start({
        batches: [{ id: "b", jobs, kinds: ["image_annotation", "image_segmentation"] }],
        faults: Fault.transient(0.02)
      })
      const platform = GtStudio.layer({
        apiKey: Redacted.make(simulator.apiKey),
        baseUrl: simulator.apiUrl,
        idleTimeout: 1000,
        headersTimeout: 1000
      }).pipe(
        Layer.provide([NodeTransport.layer(), NodeSpool.layer({ directory: join(output, ".labelstream", "spool") })])
      )
      const report = yield* Export.run({
        batches: [{ projectId: simulator.projectId, batchId: "b" }],
        sinks: [FilesSink.make({ directory: output })]
      }).pipe(
        Effect.provide(
          Layer.merge(platform, SqliteLedger.layer({ file: join(output, ".labelstream", "ledger.sqlite") }))
        )
      )
      assert.isTrue(report.complete)
      assert.strictEqual(report.batches[0]?.exported, jobs)
      yield* Effect.promise(async () => {
        for (const { id } of simulator.jobs("b")) {
          const stored = await readFile(join(output, "b", `${PathName.fromId(id)}.json`))
          assert.isTrue(stored.equals(simulator.expectedDocument("b", id)), id)
        }
      })
      assert.strictEqual((yield* simulator.report).keysAtStorage, 0)
    }),
  300_000
)
