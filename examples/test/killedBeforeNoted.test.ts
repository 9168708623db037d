import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@labelstream/simulator"
import Database from "better-sqlite3"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { inject } from "vitest"
import { temporaryFolder } from "./support/program.ts"

const jobsIn = (output: string): ReadonlyArray<string> => {
  const database = new Database(join(output, "labels.sqlite"), { readonly: true })
  try {
    assert.strictEqual(database.pragma("integrity_check", { simple: true }), "ok")
    return database.prepare("SELECT job_id FROM jobs").pluck().all() as Array<string>
  } finally {
    database.close()
  }
}

describe("an export into a database", () => {
  it.live(
    "that is killed between a commit and the ledger's record of it fetches and stores no job again",
    () =>
      Effect.gen(function*() {
        const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 60 }], countJobs: true })
        const run = Effect.fnUntraced(function*(output: string, commits: number) {
          yield* simulator.reset
          const { apiKey, apiUrl, projectId } = simulator
          const script = join(inject("programs of examples"), "killedBeforeNoted.js")
          const child = spawn(process.execPath, [script, apiUrl, apiKey, projectId, "b", output, String(commits)], {
            env: { ...process.env, NODE_COMPILE_CACHE: join(inject("programs of examples"), "compiled") },
            stdio: ["ignore", "ignore", "inherit"]
          })
          const [status, signal] = yield* Effect.promise(() => once(child, "close"))
          const { jobs = {} } = yield* simulator.report
          return { status: status as number | null, signal: signal as string | null, asked: Object.keys(jobs) }
        })
        const output = yield* temporaryFolder
        let stored: ReadonlyArray<string> = []
        // Each time after the first, third and second commit of that run, the ledger never hears of the last one.
        for (const commits of [1, 3, 2]) {
          const { asked, signal } = yield* run(output, commits)
          assert.strictEqual(signal, "SIGKILL")
          assert.deepStrictEqual(asked.filter((id) => stored.includes(id)), [])
          const now = jobsIn(output)
          assert.isAbove(now.length, stored.length)
          stored = now
        }
        const { asked, status } = yield* run(output, Number.POSITIVE_INFINITY)
        assert.strictEqual(status, 0)
        assert.deepStrictEqual(asked.filter((id) => stored.includes(id)), [])
        assert.strictEqual(jobsIn(output).length, 60)
        const again = yield* run(output, Number.POSITIVE_INFINITY)
        assert.deepStrictEqual([again.status, again.asked], [0, []])
      }),
    300_000
  )
})
