import { assert, describe, it } from "@effect/vitest"
import type { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { appendFileSync, rmSync, truncateSync } from "node:fs"
import { join } from "node:path"
import { inject } from "vitest"
import { scale } from "../../../scripts/testScale.ts"
import { FilesSink } from "../src/index.ts"
import { batches, play } from "./support/scenario.ts"
import { dying, inspected, temporary, tree, unsynced } from "./support/targets.ts"

const killed = join(inject("programs of sink-files"), "killed.js")

/** Runs the scenario in its own process; answers what it printed, or the signal that ended it. */
const playInProcess = (directory: string, at: number) =>
  Effect.promise(() =>
    new Promise<string>((resolve) => {
      execFile(process.execPath, [killed, directory, String(at)], (error, stdout, stderr) => {
        resolve(error === null ? stdout : error.signal ?? stderr)
      })
    })
  )

/** Opens after a crash, checks that stored jobs are complete, and runs again what was not acknowledged. */
const resume = Effect.fnUntraced(
  function*(directory: string, acknowledged: ReadonlyArray<ReadonlyArray<JobSink.Receipt>>) {
    yield* Effect.scoped(FilesSink.make({ directory }).open)
    const found = yield* inspected(directory)
    assert.deepStrictEqual(found.filter(({ _tag }) => _tag !== "Intact"), [])
    for (const receipt of acknowledged.at(-1) ?? []) {
      // What was in flight when it crashed may have been carried out as well.
      const next = batches[acknowledged.length]?.find(({ jobId }) => jobId === receipt.jobId)?.revision
      const stored = found.find((item) => item._tag === "Intact" && item.receipt.jobId === receipt.jobId)
      assert.isTrue(stored?._tag === "Intact")
      assert.deepInclude([receipt.revision, next], stored?._tag === "Intact" ? stored.receipt.revision : undefined)
    }
    yield* play(directory, unsynced, [], acknowledged.length)
  }
)

describe("a crash", () => {
  it.effect(`at ${scale("every ninth", "any")} file operation leaves complete jobs, and the resumed run ends like an unbroken one`, () =>
    Effect.gen(function*() {
      const unbroken = yield* temporary
      const { fs, used } = dying(Number.POSITIVE_INFINITY)
      yield* play(unbroken, fs, [])
      assert.isAbove(used(), 150)
      const expected = tree(unbroken)
      const told = new Set<string>()
      yield* Effect.forEach(
        Array.from({ length: used() }, (_, at) => at).filter((at) => at % scale(9, 1) === 0),
        (at) =>
          Effect.scoped(Effect.gen(function*() {
            const directory = yield* temporary
            const acknowledged: Array<ReadonlyArray<JobSink.Receipt>> = []
            yield* Effect.exit(play(directory, dying(at).fs, acknowledged))
            for (const { _tag } of yield* inspected(directory)) {
              told.add(_tag)
              assert.include(["Intact", "Leftover"], _tag, `died at operation ${at}`)
            }
            // This process lives on, so its lock would count.
            rmSync(join(directory, ".labelstream", "lock"), { force: true })
            yield* resume(directory, acknowledged)
            assert.deepStrictEqual(tree(directory), expected, `died at operation ${at}`)
          })),
        { concurrency: 4, discard: true }
      )
      // What a killed commit leaves is neither damage nor somebody else's.
      assert.deepStrictEqual(told, new Set(["Intact", "Leftover"]))
    }))

  it.live(`by SIGKILL at ${scale(2, 10)} operations is recovered from by the next process, lock and all`, () =>
    Effect.gen(function*() {
      const unbroken = yield* temporary
      const total = Number(yield* playInProcess(unbroken, -1))
      assert.isAbove(total, 150)
      const count = scale(2, 10)
      const points = Array.from({ length: count }, (_, index) => Math.floor((index + 0.5) * total / count))
      yield* Effect.forEach(points, (at) =>
        Effect.gen(function*() {
          const directory = yield* temporary
          assert.strictEqual(yield* playInProcess(directory, at), "SIGKILL")
          yield* resume(directory, [])
          assert.deepStrictEqual(tree(directory), tree(unbroken), `killed at operation ${at}`)
        }), { concurrency: 2 })
    }))

  it.effect("that tore the manifest's last line costs that line and no other", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* play(directory, unsynced, [])
      const manifest = join(directory, "batch-1", "manifest.ndjson")
      const whole = tree(directory)
      appendFileSync(manifest, "{\"name\":\"half")
      assert.strictEqual((yield* inspected(directory)).length, 4)
      yield* Effect.scoped(FilesSink.make({ directory }).open)
      assert.deepStrictEqual(tree(directory), whole)
      truncateSync(manifest, 20)
      yield* Effect.scoped(FilesSink.make({ directory }).open)
      const found = yield* inspected(directory)
      assert.isTrue(found.some(({ _tag }) => _tag === "Extra"))
      yield* play(directory, unsynced, [])
      assert.deepStrictEqual(tree(directory), whole)
    }))

  it.effect("never passes damage off as good", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* play(directory, unsynced, [])
      appendFileSync(join(directory, "batch-1", "manifest.ndjson"), "not a line\n")
      const error = yield* Effect.flip(inspected(directory))
      assert.deepStrictEqual([error.reason, error.step], ["corrupt", "inspect"])
    }))
})
