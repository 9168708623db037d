import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { run } from "./support/program.ts"

describe("resume", () => {
  it.live("shows that a killed run resumes without fetching stored jobs again", () =>
    Effect.gen(function*() {
      const { status, stdout } = yield* run("resume", {})
      assert.strictEqual(status, 0)
      const lines = stdout.trimEnd().split("\n")
      assert.match(lines[0] ?? "", /^First run: 0 jobs stored before, ended by SIGKILL/)
      assert.match(lines[2] ?? "", /^Second run: [1-9]\d* jobs stored before, ended with 0/)
      assert.match(lines[3] ?? "", /jobs, 0 of them stored before/)
      assert.strictEqual(lines[5], "  Requested 4 pages and 0 jobs, 0 of them stored before")
      assert.match(lines[6] ?? "", /^400 of 400 results/)
    }))
})
