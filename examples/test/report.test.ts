import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { run, settings, temporaryFolder } from "./support/program.ts"

describe("report", () => {
  it.live("writes the same page of what was exported each time, and says where", () =>
    Effect.gen(function*() {
      const output = yield* temporaryFolder
      const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 20, unfinished: [3] }] })
      yield* run("export-to-files", settings(simulator, output))
      const page = () => readFileSync(join(output, "report.html"), "utf8")
      const first = yield* run("report", { LABELSTREAM_OUTPUT: output })
      assert.strictEqual(first.status, 0, first.stderr)
      assert.match(first.stdout, /^Written: .*report\.html\n$/)
      const before = page()
      assert.include(before, "1 batch \u00b7 20 jobs \u00b7 ")
      assert.notInclude(before, output)
      yield* run("report", { LABELSTREAM_OUTPUT: output })
      assert.strictEqual(page(), before)
      assert.strictEqual((yield* run("verify", { LABELSTREAM_OUTPUT: output })).status, 0)
    }))

  it.live("ends with 1 where there is no ledger, and says what makes one", () =>
    Effect.gen(function*() {
      const ended = yield* run("report", { LABELSTREAM_OUTPUT: yield* temporaryFolder })
      assert.strictEqual(ended.status, 1)
      assert.match(ended.stderr, /There is no ledger at .*The first run makes it/)
      assert.notInclude(ended.stderr, "    at ")
    }))
})
