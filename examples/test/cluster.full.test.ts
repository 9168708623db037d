import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { run, start } from "./support/program.ts"

/** Runners start one after another, and the cluster notices a dead runner after 15 seconds. */
const patience = 400_000

const folderOf = (stderr: string) => /--cluster sqlite:(.*)\/cluster\.db/.exec(stderr)?.[1] ?? ""

/** Command lines of the processes that name a folder. */
const processesAt = (folder: string) =>
  execFileSync("ps", ["-A", "-ww", "-o", "args="], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes(folder))

const assertTidy = (folder: string) => {
  assert.match(folder, /labelstream-cluster-/)
  assert.isFalse(existsSync(folder))
  assert.deepStrictEqual(processesAt(folder), [])
}

// In `npm test`, the tests of `packages/cluster` kill runners, and those of the command stop a cluster.
describe("cluster", () => {
  it.live("leaves no process and no file when it is stopped while runners work", () =>
    Effect.gen(function*() {
      const example = yield* start("cluster/main", {})
      yield* example.said(/Submitted export \S+/)
      yield* example.signal("SIGINT")
      const { status, stderr } = yield* example.end
      assert.strictEqual(status, 130, stderr)
      assertTidy(folderOf(stderr))
    }), patience)

  it.live("completes an export although a runner is killed", () =>
    Effect.gen(function*() {
      const { status, stderr, stdout } = yield* run("cluster/main", {})
      assert.strictEqual(status, 0, stderr + stdout)
      assert.match(stdout, /^Runner \d is killed/m)
      assert.match(stdout, /600 jobs listed = 600 exported \+ 0 unchanged \+ 0 unfinished \+ 0 failed/)
      assert.match(stdout, /runner \d is gone/)
      assert.match(stdout, /^600 of 600 results are stored, with the bytes/m)
      assert.match(stdout, /^\d+ jobs were fetched again/m)
      assertTidy(folderOf(stderr))
    }), patience)
})
