import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { run } from "./support/program.ts"

describe("resume", () => {
  it.live("shows that a killed run goes on, and asks for nothing that is stored", () =>
    Effect.gen(function*() {
      const { status, stdout } = yield* run("resume", {})
      assert.strictEqual(status, 0)
      const lines = stdout.trimEnd().split("\n")
      assert.match(lines[0] ?? "", /^First run: ended by SIGKILL; 0 jobs/)
      assert.match(lines[2] ?? "", /^The same again: ended by itself, with 0; [1-9]\d* jobs were stored before it/)
      assert.match(lines[3] ?? "", /jobs, 0 of them stored/)
      assert.strictEqual(lines[5], "  It asked for 4 pages and 0 jobs, 0 of them stored.")
      assert.match(lines[6] ?? "", /^400 of 400 results/)
    }))
})
