import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { scale } from "../../scripts/testScale.ts"
import { run, settings, temporaryFolder } from "./support/program.ts"

/** The last one asks as the others do. */
const examples = scale(["export-to-everything"], ["export-to-sqlite", "export-to-parquet", "export-to-everything"])

describe("an example with a query to try", () => {
  it.live.each(examples)(
    "shows it with its result and ends with 0, also where nothing is stored yet: %s",
    (example) =>
      Effect.gen(function*() {
        const output = join(yield* temporaryFolder, "it's mine")
        const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 3, unfinished: 1 }] })
        const before = yield* run(example, settings(simulator, output))
        assert.strictEqual(before.status, 0, before.stderr)
        assert.match(before.stdout, /Try it:\n {2}(sqlite3 |\(cd .* duckdb ).*\n\n {2}\(no annotations yet\)/)
        yield* simulator.finish()
        const after = yield* run(example, settings(simulator, output))
        assert.strictEqual(after.status, 0, after.stderr)
        assert.match(after.stdout, /Try it:\n {2}(sqlite3 |\(cd .* duckdb ).*\n\n {2}.+ \d+\n/)
      }),
    120_000
  )

  it.live("ends as the export did where the query cannot be run", () =>
    Effect.gen(function*() {
      const output = yield* temporaryFolder
      const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 3 }] })
      const folder = join(output, "annotations", "batch-other")
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, "torn.parquet"), "PAR1")
      const { status, stderr, stdout } = yield* run("export-to-parquet", settings(simulator, output))
      assert.strictEqual(status, 0)
      assert.match(stdout, /Complete: nothing is missing/)
      assert.match(stderr, /The query could not be run: \S/)
    }), 120_000)
})
