import { assert, describe, it } from "@effect/vitest"
import { Verify } from "@labelstream/core"
import { SqliteLedger } from "@labelstream/node"
import { Simulator, type Traffic } from "@labelstream/simulator"
import { FilesSink } from "@labelstream/sink-files"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { inject } from "vitest"
import { temporaryFolder } from "./support/program.ts"
import { assertIdentical, ledgerFile, storedJobs, tree } from "./support/targets.ts"

// In `npm test`, `resume.test.ts` and `killedBeforeNoted.test.ts` each kill one export.
const concurrency = 8
const maxRecords = 4
/** Jobs being fetched, one more that waits to be handed on, and one batch that the sink has not committed. */
const inFlight = concurrency + 1 + maxRecords

const batches: NonNullable<Simulator.Options["batches"]> = [
  { id: "one", jobs: 150, kinds: ["image_annotation", "image_segmentation", "video_segmentation"], unfinished: 0.05 },
  { id: "two", jobs: 50, ids: "odd" }
]

/** Numbers from 0 to 1 that are the same for the same seed. */
const random = (seed: number) => {
  let state = seed
  return () => {
    state = state + 0x6d2b79f5 | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const world = Effect.gen(function*() {
  let onRequest: (entry: Traffic.Entry) => void = () => {}
  const simulator = yield* Simulator.start({ batches, countJobs: true, onRequest: (entry) => onRequest(entry) })
  const start = (output: string) =>
    spawn(process.execPath, [
      join(inject("programs of examples"), "smallBatches.js"),
      simulator.apiUrl,
      simulator.apiKey,
      simulator.projectId,
      "one,two",
      output,
      String(concurrency),
      String(maxRecords)
    ], {
      env: { ...process.env, NODE_COMPILE_CACHE: join(inject("programs of examples"), "compiled") },
      stdio: ["ignore", "ignore", "inherit"]
    })

  /** Runs an export, and kills it some milliseconds after a number of responses. Returns its end and the requested jobs. */
  const run = Effect.fnUntraced(function*(output: string, answers = Number.POSITIVE_INFINITY, later = 0) {
    yield* simulator.reset
    const child = start(output)
    let answered = 0
    onRequest = () => {
      if (++answered !== answers) return
      if (later === 0) child.kill("SIGKILL")
      else setTimeout(() => child.kill("SIGKILL"), later)
    }
    const [status, signal] = yield* Effect.promise(() => once(child, "close"))
    onRequest = () => {}
    const { jobs = {}, requests } = yield* simulator.report
    return { status: status as number | null, signal: signal as string | null, requests, asked: Object.keys(jobs) }
  })
  const unbroken = yield* temporaryFolder
  const first = yield* run(unbroken)
  assert.strictEqual(first.status, 0)
  return { simulator, run, expected: tree(unbroken), total: Object.values(first.requests).reduce((a, b) => a + b, 0) }
})

/** Kills in all, and of one export at most. */
const [enough, most] = [50, 17]

/** The job of `batch/job`. */
const jobOf = (key: string) => key.slice(key.indexOf("/") + 1)

describe("an export that is killed with SIGKILL", () => {
  it.live(
    "again and again, continues each time and ends with what an unbroken run stores",
    () =>
      Effect.gen(function*() {
        const { expected, run, simulator, total } = yield* world
        const costs: Array<number> = []
        for (let seed = 1; costs.length < enough; seed++) {
          const next = random(seed)
          const output = yield* temporaryFolder
          let stored = new Set<string>()
          for (let kills = 0;; kills++) {
            const answers = kills < most ? 1 + Math.floor(next() * total / 5) : Number.POSITIVE_INFINITY
            const { asked, signal, status } = yield* run(
              output,
              answers,
              Math.floor(next() * 3) * Math.floor(next() * 15)
            )
            assert.deepStrictEqual(asked.filter((id) => stored.has(id)), [], "asked for jobs that were stored")
            if (signal === null) {
              assert.strictEqual(status, 0)
              break
            }
            assert.strictEqual(signal, "SIGKILL")
            // Killed before there was a ledger, it has stored nothing.
            if (existsSync(ledgerFile(output))) stored = new Set((yield* storedJobs(output)).map(jobOf))
            costs.push(asked.filter((id) => !stored.has(id)).length)
          }
          assert.deepStrictEqual(tree(output), expected)
          assertIdentical(simulator, output, "one")
          assertIdentical(simulator, output, "two")
          assert.deepStrictEqual(readdirSync(join(output, ".labelstream", "spool")), [])
          const verified = yield* Stream.runCollect(Verify.sink(FilesSink.make({ directory: output }))).pipe(
            Effect.provide(SqliteLedger.layerReadOnly({ file: ledgerFile(output) }))
          )
          assert.deepStrictEqual(verified.flatMap(({ differences }) => differences), [])
          const again = yield* run(output)
          assert.deepStrictEqual(again.requests, { ...again.requests, jobs: 3, job: 0, attachment: 0, storage: 0 })
        }
        assert.isAtLeast(costs.length, enough)
        assert.isAtMost(Math.max(...costs), inFlight)
      }),
    600_000
  )
})
