import { assert, describe, it } from "@effect/vitest"
import type { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { inject } from "vitest"
import { scale } from "../../../scripts/testScale.ts"
import { SqliteSink } from "../src/index.ts"
import { open } from "../src/internal/sqlite.ts"
import { record } from "./support/records.ts"
import { play } from "./support/scenario.ts"
import {
  contents,
  files,
  guarded,
  inspected,
  query,
  run,
  sqliteError,
  temporary,
  temporaryFile
} from "./support/targets.ts"

const killed = join(inject("programs of sink-sqlite"), "killed.js")

/** Runs the scenario in its own process; answers what it printed, or the signal that ended it. */
const playInProcess = (file: string, at: number) =>
  Effect.promise(() =>
    new Promise<string>((resolve) => {
      execFile(process.execPath, [killed, file, String(at)], (error, stdout, stderr) => {
        resolve(error === null ? stdout : error.signal ?? stderr)
      })
    })
  )

const expectedContents = Effect.gen(function*() {
  const file = yield* temporaryFile
  yield* play(file, open)
  return contents(file)
})

/** What a reader may find of the jobs: the state before the first commit, after it, or after the second. */
const states = [[], [["emptied", "old"], ["plain", "car"], ["reworked", "old"]], [
  ["emptied", null],
  ["other", "car"],
  ["plain", "car"],
  ["reworked", "new"]
]]

const stateOf = (file: string) =>
  query(
    file,
    `SELECT job_id, (SELECT label FROM annotations AS a WHERE a.job_id = j.job_id LIMIT 1) FROM jobs AS j ORDER BY job_id`
  )

describe("a crash", () => {
  it.effect(
    `before ${
      scale("every third", "any")
    } statement leaves whole commits, and the resumed run ends like an unbroken one`,
    () =>
      Effect.gen(function*() {
        const expected = yield* expectedContents
        let statements = 0
        yield* play(yield* temporaryFile, guarded(() => void statements++))
        assert.isAbove(statements, 60)
        for (let at = 0; at < statements; at += scale(3, 1)) {
          const file = yield* temporaryFile
          const acknowledged: Array<ReadonlyArray<JobSink.Receipt>> = []
          let count = 0
          // From the statement on, nothing works any more, rolling back included: only closing does.
          const dying = guarded(() => {
            if (count++ >= at) throw sqliteError("SQLITE_IOERR")
          })
          assert.strictEqual((yield* Effect.flip(play(file, dying, acknowledged))).reason, "unavailable")
          const found = (yield* inspected(file)).map(({ _tag }) => _tag)
          assert.deepStrictEqual(found.filter((tag) => tag !== "Intact"), [])
          if (acknowledged.length > 0) assert.deepInclude(states.slice(acknowledged.length), stateOf(file))
          yield* play(file, open, [], acknowledged.length)
          assert.deepStrictEqual(contents(file), expected, `failed at statement ${at}`)
        }
      }),
    120_000
  )

  it.live(
    `by SIGKILL around ${scale("a", "every")} commit is recovered from by the next process, lock and all`,
    () =>
      Effect.gen(function*() {
        const expected = yield* expectedContents
        const seen = JSON.parse(yield* playInProcess(yield* temporaryFile, -1)) as Array<string>
        const commits = seen.flatMap((sql, index) => sql === "COMMIT" ? [index] : [])
        // While tables are made, before a commit, and after it.
        const chosen = scale(commits.slice(1, 2), [0, ...commits])
        const points = [...new Set([1, ...chosen, ...chosen.map((index) => index + 1)])]
        yield* Effect.forEach(points, (at) =>
          Effect.gen(function*() {
            const file = yield* temporaryFile
            assert.strictEqual(yield* playInProcess(file, at), "SIGKILL", seen[at])
            const found = yield* Effect.result(inspected(file))
            if (found._tag === "Success") {
              assert.deepStrictEqual(found.success.filter(({ _tag }) => _tag !== "Intact"), [])
            }
            yield* play(file, open)
            assert.deepStrictEqual(contents(file), expected, `killed before ${at}: ${seen[at]}`)
            assert.deepStrictEqual(Object.keys(files(dirname(file))), ["labels.db"])
          }), { concurrency: 2, discard: true })
      }),
    120_000
  )

  it.live("after a commit loses nothing that was acknowledged, and a reader sees it before the next run", () =>
    Effect.gen(function*() {
      const seen = JSON.parse(yield* playInProcess(yield* temporaryFile, -1)) as Array<string>
      const [, first] = seen.flatMap((sql, index) => sql === "COMMIT" ? [index] : [])
      const file = yield* temporaryFile
      yield* playInProcess(file, first! + 4)
      assert.isTrue(statSync(`${file}-wal`).size > 0)
      assert.deepStrictEqual(stateOf(file), states[1])
    }))
})

describe("a damaged file", () => {
  const many = Array.from(
    { length: 200 },
    (_, index) => record({ job: `job-${index}`, labels: Array<string>(25).fill("car"), nested: ["mask"] })
  )

  const damaged = Effect.fnUntraced(function*(damage: (file: string, size: number) => void) {
    const file = join(yield* temporary, "labels.db")
    yield* run({ file }, [many])
    damage(file, statSync(file).size)
    return file
  })

  it.effect("that was truncated is called corrupt by open and inspect, and stays unchanged", () =>
    Effect.gen(function*() {
      for (const kept of [0.99, 0.5, 0.1]) {
        const file = yield* damaged((file, size) => truncateSync(file, Math.floor(size * kept)))
        const before = files(dirname(file))
        const error = yield* Effect.flip(Effect.scoped(SqliteSink.make({ file }).open))
        assert.deepStrictEqual([error.reason, error.step], ["corrupt", "open"])
        assert.strictEqual((yield* Effect.flip(inspected(file))).reason, "corrupt")
        assert.deepStrictEqual(files(dirname(file)), before)
      }
    }))

  it.effect(
    `with ${scale("one page in twelve", "any one page")} zeroed is never read as good`,
    () =>
      Effect.gen(function*() {
        const whole = yield* damaged(() => {})
        const bytes = readFileSync(whole)
        const isUsed = query(whole, "SELECT pageno FROM dbstat WHERE name NOT IN ('jobs_by_reference')").flat()
        const named = query(whole, "SELECT pageno, name FROM dbstat")
        for (const page of (isUsed as Array<number>).filter((_, index) => index % scale(12, 1) === 0)) {
          const name = String(named.find(([number]) => number === page)?.[1])
          const file = yield* temporaryFile
          const torn = Buffer.from(bytes)
          torn.fill(0, (page - 1) * 4096, page * 4096)
          writeFileSync(file, torn)
          const found = yield* Effect.result(inspected(file))
          const isNoticed = found._tag === "Failure" || found.success.some(({ _tag }) => _tag !== "Intact")
          // The memory of commits is empty after a run, and what jobs say beyond their key is not read back.
          if (!/^(commits|sqlite_autoindex_commits)/.test(name)) assert.isTrue(isNoticed, `page ${page} of ${name}`)
          rmSync(file)
        }
      }),
    120_000
  )
})
