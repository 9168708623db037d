import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as JsonOutput from "../src/JsonOutput.ts"
import { jsonPage } from "./support/jsonPage.ts"
import { platform, run, temporaryFolder } from "./support/program.ts"

const page = join(import.meta.dirname, "..", "..", "..", "docs", "reference", "json-output.md")

describe("the objects of --json", () => {
  it("are documented as their schemas are; `UPDATE_DOCS=1` writes the page", () => {
    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(page, jsonPage)
    assert.strictEqual(readFileSync(page, "utf8"), jsonPage)
  })

  it.live("have exactly the fields of their schemas", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 6, unfinished: [1] }] })
      yield* simulator.setFaults([
        { on: "job", job: simulator.job("b", 4).id, meets: { _tag: "Platform", code: "FS_0006" }, times: 1000 }
      ])
      const printed = <A, I>(args: ReadonlyArray<string>, schema: Schema.Codec<A, I>) =>
        Effect.flatMap(
          run([...args, "--json"], { cwd, env: platform(simulator) }),
          ({ stdout }) =>
            Schema.decodeUnknownEffect(Schema.fromJsonString(schema))(stdout, {
              onExcessProperty: "error",
              errors: "all"
            })
        )
      const named = ["--batch", "b", "--to", "files:out"]
      yield* printed(["plan", ...named], JsonOutput.Plan)
      const exported = yield* printed(["export", ...named, "--batch", "none"], JsonOutput.Export)
      assert.strictEqual(exported.failures.length, 2)
      const status = yield* printed(["status"], JsonOutput.Status)
      assert.strictEqual(status.failures[0]?.error, "NotFound")
      writeFileSync(join(cwd, "out", "b", "extra.txt"), "nobody stored this")
      const verified = yield* printed(["verify"], JsonOutput.Verify)
      assert.isAbove(verified.differences.length, 0)
      yield* printed(["batches"], JsonOutput.Batches)
      yield* printed(["check", ...named], JsonOutput.Check)
      const { sinks } = yield* printed(["sinks"], JsonOutput.Sinks)
      assert.include(sinks.map(({ sink }) => sink), "files")
    }), 240_000)
})
