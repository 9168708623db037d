/** The line of the docs page that copies masks. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { record } from "./support/records.ts"
import { run, temporary } from "./support/targets.ts"

const page = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "sinks", "files.md"), "utf8")
const line = /^mkdir masks .*$/m.exec(page)?.[0] ?? ""

describe("masks", () => {
  it.effect("come out by one line of shell, and nothing else does", () =>
    Effect.gen(function*() {
      const folder = yield* temporary
      yield* run(join(folder, "output"), [[
        record({
          job: "1-mask-x",
          nested: [{ text: "m0" }, { text: "m1", frameId: "f 1" }, { text: "i", role: "input" }]
        }),
        record({ job: "b" })
      ]])
      execFileSync("/bin/sh", ["-c", line], { cwd: folder })
      const found = readdirSync(join(folder, "masks"), { recursive: true, encoding: "utf8" })
        .filter((name) => statSync(join(folder, "masks", name)).isFile())
      assert.deepStrictEqual(
        found.sort().map((name) => [name, readFileSync(join(folder, "masks", name), "utf8")]),
        [["batch-1/1-mask-x/0000-mask.png", "m0"], ["batch-1/1-mask-x/0001-mask-f_1.png", "m1"]]
      )
    }))
})
