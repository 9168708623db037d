import { assert, it } from "@effect/vitest"
import { Export, GtStudio } from "@labelstream/core"
import { PathName } from "@labelstream/core"
import { NodeSpool, NodeTransport, SqliteLedger } from "@labelstream/node"
import { type Fault, Simulator } from "@labelstream/simulator"
import { FilesSink } from "@labelstream/sink-files"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Responses with 200 that are not the file, or that are the file despite their headers. */
const kinds: ReadonlyArray<readonly [Fault.On, Fault.Kind, number]> = [
  ["storage", { _tag: "Html", status: 200 }, 1],
  ["storage", { _tag: "Malformed", as: "xml" }, 1],
  ["storage", { _tag: "Malformed", as: "empty" }, 1],
  ["storage", { _tag: "Truncated", undeclared: true }, 1],
  ["storage", { _tag: "Malformed", as: "gzip" }, 100],
  ["storage", { _tag: "Mislabeled", headers: { "content-encoding": "ISO-8859-1" } }, 100],
  ["storage", { _tag: "Mislabeled", headers: { "content-encoding": "gzip" } }, 100],
  ["api", { _tag: "Html", status: 200 }, 1],
  ["api", { _tag: "Malformed", as: "cut" }, 1]
]

const faults = kinds.map(([on, meets, times], at): Fault.Fault => ({ on, meets, times, share: 0.1, from: at * 0.1 }))

it.live(
  "stores the right bytes of 200 jobs although most 200 responses are not the file, once, or mislabel it",
  () =>
    Effect.gen(function*() {
      const output = yield* Effect.acquireRelease(
        Effect.promise(() => mkdtemp(join(tmpdir(), "labelstream-not-the-file-"))),
        (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
      )
      const simulator = yield* Simulator.start({
        batches: [{
          id: "b",
          jobs: 200,
          kinds: ["image_annotation", "image_segmentation", "point_cloud_segmentation"]
        }],
        faults
      })
      const platform = GtStudio.layer({ apiKey: Redacted.make(simulator.apiKey), baseUrl: simulator.apiUrl }).pipe(
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
      assert.strictEqual(report.batches[0]?.exported, 200)
      assert.strictEqual(report.batches[0]?.unknown, 0)
      yield* Effect.promise(async () => {
        for (const { id } of simulator.jobs("b")) {
          const path = join(output, "b", PathName.fromId(id))
          assert.isTrue((await readFile(`${path}.json`)).equals(simulator.expectedDocument("b", id)), id)
          const names = (await readdir(path).catch((): Array<string> => [])).sort()
          const expected = simulator.expectedAttachments("b", id)
          assert.strictEqual(names.length, expected.length)
          for (const [at, { bytes }] of expected.entries()) {
            assert.isTrue((await readFile(join(path, names[at]!))).equals(bytes), `${id} ${names[at]}`)
          }
        }
      })
      for (const tag of ["Html", "Malformed", "Truncated", "Mislabeled"] as const) {
        assert.isAbove((yield* simulator.report).faults[tag] ?? 0, 0)
      }
    }),
  120_000
)
