import { assert, describe, it } from "@effect/vitest"
import type { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { readFileSync, rmSync, truncateSync, unlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { scale } from "../../../scripts/testScale.ts"
import { ParquetSink } from "../src/index.ts"
import { rowsOf } from "./support/readers.ts"
import { jobs, record } from "./support/records.ts"
import { batches, every, options, play } from "./support/scenario.ts"
import { dying, guarded, inspected, run, store, systemError, temporary, tree, unsynced } from "./support/targets.ts"

/** Opens after a crash, checks that stored jobs are complete, and runs again what was not acknowledged. */
const resume = Effect.fnUntraced(
  function*(directory: string, acknowledged: ReadonlyArray<ReadonlyArray<JobSink.Receipt>>) {
    yield* Effect.scoped(ParquetSink.makeWith({ directory, ...options }, unsynced).open)
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
  it.effect(
    `at any ${
      scale(`${every}th `, "")
    }file operation leaves complete parts, and the resumed run ends with the same bytes as an unbroken one`,
    () =>
      Effect.gen(function*() {
        const unbroken = yield* temporary
        const { fs, used } = dying(Number.POSITIVE_INFINITY)
        yield* play(unbroken, fs, [])
        assert.isAbove(used(), 300)
        const expected = tree(unbroken)
        const told = new Set<string>()
        yield* Effect.forEach(
          Array.from({ length: Math.ceil(used() / every) }, (_, index) => index * every),
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
      }),
    240_000
  )

  it.live("in a new folder is recovered from durably: the next process syncs what the killed one only made", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      let isDead = false
      const fs = guarded(({ args, name }) => {
        isDead ||= name === "rename" && String(args[1]).startsWith(join(directory, "annotations"))
        if (isDead && name !== "close") throw systemError("EIO")
      })
      const broken = Effect.flatMap(
        ParquetSink.makeWith({ directory }, fs).open,
        (sink) => store(sink, "t", [record({ job: "one" })])
      )
      yield* Effect.exit(Effect.scoped(broken))
      rmSync(join(directory, ".labelstream", "lock"))
      const opened = new Set<unknown>()
      const recording = guarded(({ args, name }) => void (name === "open" && opened.add(args[0])))
      yield* Effect.scoped(ParquetSink.makeWith({ directory }, recording).open)
      assert.isTrue(opened.has(join(directory, "annotations")))
      assert.deepStrictEqual((yield* inspected(directory)).map(({ _tag }) => _tag), ["Intact"])
    }))

  it.effect("never shows a reader a job twice in one table, at whatever file operation it looks", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const run = Effect.runPromiseWith(yield* Effect.context())
      const seen = yield* Effect.promise(async () => {
        const found = new Set<string>()
        const { guarded } = await import("./support/targets.ts")
        const fs = guarded(async ({ name }) => {
          if (name !== "rename") return
          for (const table of ["jobs", "annotations"] as const) {
            const rows = await run(rowsOf(directory, table)).catch(() => [])
            const keys = rows.map((row) => JSON.stringify([row["batch_id"], row["job_id"], row["annotation_index"]]))
            assert.strictEqual(new Set(keys).size, keys.length)
            if (table === "annotations") {
              found.add(String(rows.filter(({ job_id }) => job_id === "job-00001").length))
            }
          }
        })
        await run(play(directory, fs, []))
        return found
      })
      assert.deepStrictEqual([...seen].sort(), ["0", "3", "6"])
    }))
})

describe("damage", () => {
  it.effect("to any file of a part is reported for the part's jobs, and never taken over by a commit", () =>
    Effect.gen(function*() {
      for (const table of ["jobs", "annotations", "attachments", "contents"]) {
        const directory = yield* temporary
        yield* run({ directory }, [jobs(0, 3), jobs(0, 2, 1, "batch-2")])
        const path = `${table}/batch-batch-1/part-000001.parquet`
        const bytes = readFileSync(join(directory, path))
        const flipped = Uint8Array.from(bytes)
        flipped[20]! ^= 1
        writeFileSync(join(directory, path), flipped)
        const changed = (yield* inspected(directory)).filter(({ _tag }) => _tag === "Modified")
        assert.deepStrictEqual(
          changed,
          ["0", "1", "2"].map((n) => ({ _tag: "Modified", batchId: "batch-1", jobId: `job-0000${n}`, path }))
        )
        assert.strictEqual((yield* inspected(directory, "manifest")).filter(({ _tag }) => _tag === "Intact").length, 5)
        truncateSync(join(directory, path), bytes.length - 9)
        assert.strictEqual((yield* inspected(directory, "manifest")).filter(({ _tag }) => _tag === "Intact").length, 2)
        const before = tree(directory)
        yield* Effect.scoped(Effect.gen(function*() {
          const sink = yield* ParquetSink.make({ directory }).open
          const error = yield* Effect.flip(sink.stage("t", [record({ job: "more" })]))
          assert.strictEqual(error.reason, "corrupt")
          assert.deepStrictEqual(tree(directory), before)
          // Other batches are not concerned.
          yield* store(sink, "u", [record({ job: "more", batch: "batch-2" })])
        }))
        unlinkSync(join(directory, path))
        const missing = (yield* inspected(directory)).filter(({ _tag }) => _tag === "Missing")
        assert.strictEqual(missing.length, 3)
      }
    }))

  it.effect("that was reported since the dataset was opened is replaced by the next commit, with nothing twice", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const each = { directory, partBytes: 1 }
      yield* run(each, [jobs(0, 4)])
      unlinkSync(join(directory, "annotations/batch-batch-1/part-000001.parquet"))
      const manifest = join(directory, "manifest/batch-batch-1/part-000002.ndjson")
      writeFileSync(manifest, readFileSync(manifest, "utf8").slice(0, -50))
      yield* Effect.scoped(Effect.gen(function*() {
        const target = ParquetSink.make(each)
        const sink = yield* target.open
        const intact = Effect.map(
          Stream.runCollect(Stream.flattenIterable(target.inspect("content"))),
          (found) => found.map((item) => item._tag === "Intact" ? item.receipt.jobId : item._tag)
        )
        assert.includeMembers(yield* intact, ["Missing", "Modified", "job-00002", "job-00003"])
        yield* store(sink, "t", jobs(1, 2))
        assert.sameMembers(yield* intact, ["job-00001", "job-00002", "job-00003"])
        yield* store(sink, "u", jobs(0, 1))
        assert.sameMembers(yield* intact, ["job-00000", "job-00001", "job-00002", "job-00003"])
      }))
      const ids = (yield* rowsOf(directory, "jobs")).map((row) => row["job_id"])
      assert.sameMembers(ids, ["job-00000", "job-00001", "job-00002", "job-00003"])
    }))

  it.effect("to a manifest is reported, and what no commit put there is named", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run({ directory }, [jobs(0, 3)])
      const manifest = join(directory, "manifest/batch-batch-1/part-000001.ndjson")
      const text = readFileSync(manifest, "utf8")
      writeFileSync(manifest, text.slice(0, -50))
      const changed = (yield* inspected(directory)).filter(({ _tag }) => _tag === "Modified")
      assert.strictEqual(changed.length, 3)
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* ParquetSink.make({ directory }).open
        assert.strictEqual((yield* Effect.flip(sink.stage("t", jobs(3, 4)))).reason, "corrupt")
      }))
      unlinkSync(manifest)
      writeFileSync(join(directory, "jobs", "notes.txt"), "")
      const extra = yield* inspected(directory)
      assert.isTrue(extra.length > 0 && extra.every(({ _tag }) => _tag === "Extra"))
      writeFileSync(manifest, text.replace(/"version":\d+/, "\"version\":99"))
      assert.strictEqual((yield* Effect.flip(ParquetSink.make({ directory }).check)).reason, "corrupt")
    }))
})
