import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { FilesSink } from "../src/index.ts"
import { record } from "./support/records.ts"
import { run, temporary } from "./support/targets.ts"

describe("sizes of inputs", () => {
  it.effect("are in a job's line only if some are known, and come back by a replay", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const sizes = new Map([[0, { width: 1920, height: 1080 }], [12, { width: 1, height: 2 }]])
      yield* run(directory, [[record({ job: "none" }), record({ job: "some", sizes })]])
      const lines = readFileSync(join(directory, "batch-1", "manifest.ndjson"), "utf8").trimEnd().split("\n").slice(1)
      assert.deepStrictEqual(
        lines.map((line) => (JSON.parse(line) as { readonly sizes?: unknown }).sizes),
        [undefined, { 0: [1920, 1080], 12: [1, 2] }]
      )
      const found = yield* Stream.runCollect(FilesSink.make({ directory }).replay!)
      assert.deepStrictEqual(found.map((job) => [job.jobId, job.sizes]), [["none", new Map()], ["some", sizes]])
    }))
})
