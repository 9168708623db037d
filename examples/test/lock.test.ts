import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@labelstream/simulator"
import Database from "better-sqlite3"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { truncateSync, writeFileSync } from "node:fs"
import { isFull } from "../../scripts/testScale.ts"
import { exported, run, settings, start, temporaryFolder } from "./support/program.ts"
import { assertIdentical, ledgerFile, tree } from "./support/targets.ts"

/** An export of 60 jobs that hangs after its first result. */
const stuck = Effect.gen(function*() {
  const output = yield* temporaryFolder
  const asked = yield* Deferred.make<void>()
  const simulator = yield* Simulator.start({
    batches: [{ id: "b", jobs: 60 }],
    faults: [{ on: "storage", meets: { _tag: "Stalled", seconds: 100 }, nth: 4, times: 1000, per: "endpoint" }],
    onRequest: ({ endpoint }) => {
      if (endpoint === "storage") Deferred.doneUnsafe(asked, Effect.void)
    }
  })
  const first = yield* start("labelstream", settings(simulator, output), ["export"])
  yield* Deferred.await(asked)
  return { first, output, simulator }
})

describe("a second run on the same output", () => {
  it.live("stops at once, names the process that uses it, says what to do, and sends no request", () =>
    Effect.gen(function*() {
      const { first, output, simulator } = yield* stuck
      const { requests } = yield* simulator.report
      const second = yield* exported(settings(simulator, output), "--refresh")
      assert.strictEqual(second.status, 1)
      assert.include(second.stderr, `is in use by process ${first.pid}. Wait for it to end`)
      assert.strictEqual((yield* simulator.report).requests.jobs, requests.jobs)
    }))

  it.live("resumes after the first process is killed, despite its stale locks", () =>
    Effect.gen(function*() {
      const { first, output, simulator } = yield* stuck
      yield* first.signal("SIGKILL")
      yield* first.end
      yield* simulator.setFaults([])
      const second = yield* exported(settings(simulator, output))
      assert.strictEqual(second.status, 0, second.stderr)
      assertIdentical(simulator, output, "b")
    }))
})

// The ledger's own tests check the same for the file alone.
if (isFull) {
  describe("a ledger that cannot be used", () => {
    for (
      const [what, spoil, sentence] of [
        [
          "of a newer version",
          (file: string) => new Database(file).pragma("user_version = 99"),
          /newer version.*Update/
        ],
        ["truncated", (file: string) => truncateSync(file, 5000), /damaged|broken|not a ledger/],
        ["that is another file", (file: string) => writeFileSync(file, "mine".repeat(2000)), /is not a ledger/]
      ] as const
    ) {
      it.live(`is refused and left alone, with what to do: a ledger ${what}`, () =>
        Effect.gen(function*() {
          const output = yield* temporaryFolder
          const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 3 }] })
          assert.strictEqual((yield* exported(settings(simulator, output))).status, 0)
          spoil(ledgerFile(output))
          const before = tree(output)
          for (const command of ["export", "verify"]) {
            const ended = yield* run("labelstream", settings(simulator, output), [command])
            assert.strictEqual(ended.status, 1, ended.stdout)
            assert.match(ended.stderr, sentence)
            assert.match(ended.stderr, /Move it away|use another ledger file/)
            assert.notInclude(ended.stderr, "    at ")
          }
          assert.deepStrictEqual(tree(output), before)
        }))
    }
  })
}
