import { assert, describe, it } from "@effect/vitest"
import type { JobSink } from "@labelstream/core/sink"
import type { Fs } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { cpSync, existsSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { scale } from "../../../scripts/testScale.ts"
import { ParquetSink } from "../src/index.ts"
import { rowsOf } from "./support/readers.ts"
import { jobs, record } from "./support/records.ts"
import { dying, guarded, inspected, run, store, temporary, tree, unsynced } from "./support/targets.ts"

/** How many file operations of a merge lie between two at which it dies. */
const every = scale(150, 20)

/** Parts that are soon full, so that there are several. */
const options = { partBytes: 2500, rowGroupRows: 4 }

const before = [
  ...jobs(0, 3),
  record({ job: "kept", nested: ["k0"] }),
  record({ job: "reworked", text: "old", rows: 2 })
]
const first = [
  record({ job: "one", nested: ["o0"], rows: 5 }),
  record({ job: "both", text: "earlier", rows: 7, nested: ["b0", "b1"] }),
  record({ job: "reworked", text: "newer", rows: 4 }),
  ...jobs(10, 14)
]
const second = [
  record({ job: "two", batch: "batch-2" }),
  record({ job: "both", text: "later", rows: 1, nested: ["c0"] }),
  ...jobs(20, 23)
]

const latest = [...before.slice(0, 4), first[0]!, ...first.slice(2), ...second]
const words = (records: ReadonlyArray<Pick<JobSink.StoredJob, "jobId" | "revision">>) =>
  records.map(({ jobId, revision }) => [jobId, revision.document])

const sinkOf = (directory: string, fs: Fs = unsynced) => ParquetSink.makeWith({ directory, ...options }, fs)
const branchesOf = (directory: string, fs?: Fs) =>
  sinkOf(directory, fs).branches ?? assert.fail("it is for one writer alone")

const write = (directory: string, writer: string, records: ReadonlyArray<JobSink.JobRecord>) =>
  Effect.scoped(Effect.gen(function*() {
    const sink = yield* branchesOf(directory).open(writer)
    yield* store(sink, writer, records)
    yield* sink.finish({ outcome: "completed" })
  }))

/** A dataset with two shares that nobody has open. */
const shared = Effect.gen(function*() {
  const directory = yield* temporary
  yield* run({ directory, ...options }, [before])
  yield* write(directory, "runner-a", first)
  yield* write(directory, "runner-b", second)
  return directory
})

const intact = (found: ReadonlyArray<JobSink.Inspected>) => {
  assert.deepStrictEqual(found.filter(({ _tag }) => _tag !== "Intact"), [])
  return found.flatMap((item) => item._tag === "Intact" ? [[item.receipt.jobId, item.receipt.revision.document]] : [])
}

/** Every row of the model as readers find it: each job once, with the rows of its latest revision. */
const holdsLatest = Effect.fnUntraced(function*(directory: string, when = "") {
  const found = yield* rowsOf(directory, "jobs")
  assert.sameMembers(found.map((row) => String(row["job_id"])), latest.map(({ jobId }) => jobId), when)
  const rows = yield* rowsOf(directory, "annotations")
  const count = (job: string) => rows.filter((row) => row["job_id"] === job).length
  const counts = ["kept", "reworked", "one", "both", "two", "job-00010", "job-00020"].map(count)
  assert.deepStrictEqual(counts, [3, 4, 5, 1, 3, 3, 3], when)
  assert.sameDeepMembers(intact(yield* inspected(directory)), words(latest), when)
})

describe("several writers", () => {
  it.effect("store jobs that readers do not see before the merge, and that inspect and replay do", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run({ directory, ...options }, [before])
      const earlier = tree(directory)
      yield* write(directory, "runner-a", first)
      yield* write(directory, "runner-b", second)
      assert.deepStrictEqual(tree(directory), earlier)
      assert.sameDeepMembers(intact(yield* inspected(directory)), words(latest))
      const stored = yield* Stream.runCollect(sinkOf(directory).replay!)
      assert.sameDeepMembers(words(stored), words(latest))
    }))

  it.effect("are merged once, job by job, with nothing left next to the dataset", () =>
    Effect.gen(function*() {
      const directory = yield* shared
      assert.deepStrictEqual(yield* branchesOf(directory).merge, { merged: latest.length - 4, stillOpen: [] })
      yield* holdsLatest(directory)
      assert.isFalse(existsSync(join(directory, ".labelstream")))
      const merged = tree(directory)
      assert.deepStrictEqual(yield* branchesOf(directory).merge, { merged: 0, stillOpen: [] })
      assert.deepStrictEqual(tree(directory), merged)
      const stored = yield* Stream.runCollect(sinkOf(directory).replay!)
      assert.sameDeepMembers(words(stored), words(latest))
      yield* run({ directory, ...options }, [jobs(0, 3, 1), jobs(30, 33)])
      assert.strictEqual(intact(yield* inspected(directory)).length, latest.length + 3)
    }))

  it.effect("are merged by the next open of one process alone", () =>
    Effect.gen(function*() {
      const directory = yield* shared
      yield* run({ directory, ...options }, [])
      yield* holdsLatest(directory)
      assert.isFalse(existsSync(join(directory, ".labelstream")))
    }))

  it.effect("keep their branch while it is open, and its jobs are merged later and are no newer for that", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run({ directory, ...options }, [before])
      yield* Effect.scoped(Effect.gen(function*() {
        const slow = yield* branchesOf(directory).open("runner-a")
        yield* store(slow, "t", first)
        yield* write(directory, "runner-b", second)
        assert.deepStrictEqual((yield* branchesOf(directory).merge).stillOpen, ["runner-a"])
        assert.sameDeepMembers(intact(yield* inspected(directory)), words(latest))
        const refused = yield* Effect.flip(Effect.scoped(branchesOf(directory).open("runner-a")))
        assert.deepStrictEqual([refused.reason, refused.step], ["conflict", "open"])
      }))
      assert.deepStrictEqual((yield* branchesOf(directory).merge).stillOpen, [])
      yield* holdsLatest(directory)
    }))

  it.effect("of another form of geometry are refused, and their names lead nowhere else", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      for (const name of ["", "..", "a/b", "A"]) {
        const refused = yield* Effect.flip(Effect.scoped(branchesOf(directory).open(name)))
        assert.strictEqual(refused.reason, "misconfigured")
      }
      assert.deepStrictEqual(readdirSync(directory), [])
      yield* run({ directory, ...options }, [before])
      const other = ParquetSink.makeWith({ directory, geometry: "points" }, unsynced)
      const refused = yield* Effect.flip(Effect.scoped(other.branches!.open("runner-a")))
      assert.strictEqual(refused.reason, "misconfigured")
      assert.isFalse(existsSync(join(directory, ".labelstream")))
    }))

  it.effect(`lose and double nothing when the merge dies, at every ${every}th of its file operations`, () =>
    Effect.gen(function*() {
      const template = yield* shared
      const whole = yield* temporary
      cpSync(template, whole, { recursive: true })
      const counting = dying(Number.POSITIVE_INFINITY)
      yield* branchesOf(whole, counting.fs).merge
      assert.isAbove(counting.used(), 300)
      const points = Array.from({ length: Math.ceil(counting.used() / every) }, (_, index) => index * every)
      yield* Effect.forEach(points, (at) =>
        Effect.scoped(Effect.gen(function*() {
          const directory = yield* temporary
          cpSync(template, directory, { recursive: true })
          yield* Effect.exit(branchesOf(directory, dying(at).fs).merge)
          // This process lives on, so its locks would count.
          for (const folder of ["", "writers/runner-a/.labelstream", "writers/runner-b/.labelstream"]) {
            rmSync(join(directory, ".labelstream", folder, "lock"), { force: true })
          }
          yield* branchesOf(directory).merge
          yield* holdsLatest(directory, `died at operation ${at}`)
          assert.isFalse(existsSync(join(directory, ".labelstream")), `died at operation ${at}`)
        })), { concurrency: 4, discard: true })
    }))

  it.effect("show no reader a job twice in one table while they are merged", () =>
    Effect.gen(function*() {
      const directory = yield* shared
      let [last, looks] = ["", 0]
      const fs = guarded(async ({ args, name }) => {
        if (name !== "rename" && name !== "link" && name !== "copyFile") return
        for (const table of ["jobs", "annotations"] as const) {
          // Only the table with the last new file has changed since it was read.
          if (!last.startsWith(join(directory, table))) continue
          const rows = await Effect.runPromise(rowsOf(directory, table))
          const keys = rows.map((row) => JSON.stringify([row["batch_id"], row["job_id"], row["annotation_index"]]))
          assert.strictEqual(new Set(keys).size, keys.length)
          looks++
        }
        last = String(args[1])
      })
      yield* branchesOf(directory, fs).merge
      assert.isAbove(looks, 5)
      yield* holdsLatest(directory)
    }))
})
