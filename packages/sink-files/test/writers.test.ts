import { assert, describe, it } from "@effect/vitest"
import type { JobSink } from "@labelstream/core/sink"
import { type Fs, Lock } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { hostname } from "node:os"
import { dirname, join } from "node:path"
import { vi } from "vitest"
import { scale } from "../../../scripts/testScale.ts"
import { FilesSink, Manifest } from "../src/index.ts"
import { record } from "./support/records.ts"
import { dying, inspected, run, store, temporary, tree, unsynced } from "./support/targets.ts"

/** How many file operations of a merge lie between two at which it dies. */
const every = scale(12, 4)

/** Two writers with their own jobs, one job that both have stored, and what the place held before. */
const before = [
  record({ job: "kept", nested: [{ text: "k0" }] }),
  record({ job: "reworked", text: "old", nested: [{ text: "r0" }, { text: "r1" }] })
]
const first = [
  record({ job: "one", nested: [{ text: "o0" }] }),
  record({ job: "both", text: "earlier", nested: [{ text: "b0" }, { text: "b1" }] }),
  record({ job: "reworked", text: "newer", nested: [{ text: "n0" }] })
]
const second = [
  record({ job: "two", batch: "batch-2" }),
  record({ job: "both", text: "later", nested: [{ text: "c0" }] }),
  record({ job: "kept", nested: [{ text: "k0" }] })
]

const branchesOf = (directory: string, fs: Fs = unsynced) => {
  const { branches } = FilesSink.makeWith({ directory }, fs)
  return branches ?? assert.fail("it is for one writer alone")
}

const write = (directory: string, writer: string, records: ReadonlyArray<JobSink.JobRecord>) =>
  Effect.scoped(Effect.gen(function*() {
    const sink = yield* branchesOf(directory).open(writer)
    yield* store(sink, writer, records)
    yield* sink.finish({ outcome: "completed" })
  }))

/** A place with two parts that nobody has open. */
const parted = Effect.gen(function*() {
  const directory = yield* temporary
  yield* run(directory, [before])
  yield* write(directory, "runner-a", first)
  yield* write(directory, "runner-b", second)
  return directory
})

/** What a run of one process alone ends with. */
const alone = Effect.gen(function*() {
  const directory = yield* temporary
  yield* run(directory, [before, first, second])
  return tree(directory)
})

const intact = (found: ReadonlyArray<JobSink.Inspected>) => {
  assert.deepStrictEqual(found.filter(({ _tag }) => _tag !== "Intact"), [])
  return found.flatMap((item) => item._tag === "Intact" ? [[item.receipt.jobId, item.receipt.revision.document]] : [])
}

const latest = [before[0]!, first[0]!, first[2]!, second[0]!, second[1]!]
  .map(({ jobId, revision }) => [jobId, revision.document])

describe("several writers", () => {
  it.effect("store jobs that readers do not see before the merge, and that inspect and replay do", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run(directory, [before])
      const earlier = tree(directory)
      yield* write(directory, "runner-a", first)
      yield* write(directory, "runner-b", second)
      assert.deepStrictEqual(tree(directory), earlier)
      assert.sameDeepMembers(intact(yield* inspected(directory)), latest)
      const jobs = yield* Stream.runCollect(FilesSink.make({ directory }).replay!)
      assert.sameDeepMembers(jobs.map(({ jobId, revision }) => [jobId, revision.document]), latest)
      for (const { document, jobId } of jobs) assert.isAbove((yield* document.collect).length, 0, jobId)
    }))

  it.effect("leave after the merge the bytes that one process alone would, and nothing else", () =>
    Effect.gen(function*() {
      const directory = yield* parted
      assert.deepStrictEqual(yield* branchesOf(directory).merge, { merged: 5, stillOpen: [] })
      assert.deepStrictEqual(tree(directory), yield* alone)
      assert.isFalse(existsSync(join(directory, ".labelstream")))
      assert.deepStrictEqual(yield* branchesOf(directory).merge, { merged: 0, stillOpen: [] })
      assert.deepStrictEqual(tree(directory), yield* alone)
    }))

  it.effect("are merged by the next open of one process alone", () =>
    Effect.gen(function*() {
      const directory = yield* parted
      yield* run(directory, [])
      assert.deepStrictEqual(tree(directory), yield* alone)
      assert.isFalse(existsSync(join(directory, ".labelstream")))
    }))

  it.effect("keep their branch while it is open, and its jobs are merged later and are no newer for that", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run(directory, [before])
      yield* Effect.scoped(Effect.gen(function*() {
        const slow = yield* branchesOf(directory).open("runner-a")
        yield* store(slow, "t", first)
        yield* write(directory, "runner-b", second)
        assert.deepStrictEqual(yield* branchesOf(directory).merge, { merged: 3, stillOpen: ["runner-a"] })
        assert.sameDeepMembers(intact(yield* inspected(directory)), latest)
        const refused = yield* Effect.flip(Effect.scoped(branchesOf(directory).open("runner-a")))
        assert.deepStrictEqual([refused.reason, refused.step], ["conflict", "open"])
        yield* store(slow, "u", [record({ job: "last" })])
      }))
      assert.deepStrictEqual(yield* branchesOf(directory).merge, { merged: 3, stillOpen: [] })
      const found = intact(yield* inspected(directory))
      assert.sameDeepMembers(found, [...latest, ["last", record({ job: "last" }).revision.document]])
      for (const batch of ["batch-1", "batch-2"]) {
        assert.notInclude(readFileSync(join(directory, batch, Manifest.fileName), "utf8"), "\"stored\"")
      }
    }))

  it.effect("do not wait for a run of one process alone, whose jobs count when they were stored later", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* FilesSink.make({ directory }).open
        yield* write(directory, "runner-a", first)
        yield* store(sink, "t", second)
        assert.strictEqual((yield* Effect.flip(branchesOf(directory).merge)).reason, "conflict")
        yield* sink.finish({ outcome: "completed" })
      }))
      yield* branchesOf(directory).merge
      const documents = new Map(intact(yield* inspected(directory)) as Array<[string, string]>)
      assert.strictEqual(documents.get("both"), second[1]!.revision.document)
      assert.strictEqual(documents.size, 5)
    }))

  it.effect("are named with who has their part open, and lose it for good when they are known to be gone", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run(directory, [before])
      const { list, merge, open, takeOver } = branchesOf(directory)
      yield* Effect.scoped(Effect.gen(function*() {
        const frozen = yield* open("runner-a")
        yield* store(frozen, "t", first)
        yield* frozen.stage("u", [record({ job: "late" })])
        assert.deepStrictEqual(yield* list, [{ writer: "runner-a", holder: `process ${process.pid} on ${hostname()}` }])
        yield* takeOver("runner-a")
        assert.deepStrictEqual((yield* merge).stillOpen, [])
        assert.deepStrictEqual(yield* list, [])
        const merged = yield* inspected(directory)
        for (const late of [frozen.commit("u"), frozen.stage("v", first), frozen.finish({ outcome: "completed" })]) {
          assert.strictEqual((yield* Effect.flip(late as Effect.Effect<unknown, JobSink.SinkError>)).reason, "conflict")
        }
        assert.deepStrictEqual(yield* inspected(directory), merged)
        assert.sameMembers(intact(merged).map(([job]) => job), ["kept", "reworked", "one", "both"])
        assert.strictEqual((yield* Effect.flip(takeOver("../x"))).reason, "misconfigured")
      }))
      // The writer that lost its branch has made no new one.
      assert.deepStrictEqual(yield* list, [])
    }))

  it.effect("are published although a process that is gone has locked them and the target", () =>
    Effect.gen(function*() {
      const directory = yield* parted
      const { merge, unlock = () => assert.fail("it cannot unlock") } = branchesOf(directory)
      const gone = new Set([Lock.identity().replace(hostname(), "gone")])
      const hidden = join(directory, ".labelstream")
      const locks = [hidden, join(hidden, "writers", "runner-a", ".labelstream")].map((folder) => join(folder, "lock"))
      const byGone = yield* Effect.scoped(Effect.gen(function*() {
        yield* FilesSink.makeWith({ directory }, unsynced).open
        return readFileSync(join(hidden, "lock"), "utf8").replace(hostname(), "gone")
      }))
      yield* write(directory, "runner-a", first)
      yield* write(directory, "runner-b", second)
      for (const lock of locks) {
        mkdirSync(dirname(lock), { recursive: true })
        writeFileSync(lock, byGone)
      }
      assert.strictEqual((yield* Effect.flip(merge)).reason, "conflict")
      const unlocking = yield* Effect.forkChild(unlock(gone))
      // Nobody else may write until a process that was wrongly taken for gone has had time to notice.
      yield* Effect.promise(() =>
        vi.waitFor(() => locks.forEach((lock) => assert.notStrictEqual(readFileSync(lock, "utf8"), byGone)), 60_000)
      )
      assert.strictEqual((yield* Effect.flip(merge)).reason, "conflict")
      yield* TestClock.adjust(5000)
      assert.isTrue(yield* Fiber.join(unlocking))
      assert.isFalse(yield* unlock(gone))
      assert.deepStrictEqual((yield* merge).stillOpen, [])
      assert.deepStrictEqual(tree(directory), yield* alone)
    }))

  it.effect("with a lease are ordered by it, whenever each has stored", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run(directory, [before])
      const of = (text: string, lease: number) => ({ ...record({ job: "both", text }), lease })
      yield* Effect.scoped(Effect.gen(function*() {
        const frozen = yield* branchesOf(directory).open("runner-a")
        yield* write(directory, "runner-b", [of("new", 1_764_435_905_000_002)])
        yield* branchesOf(directory).merge
        yield* store(frozen, "t", [of("old", 1_764_435_905_000_001)])
      }))
      yield* branchesOf(directory).merge
      const documents = new Map(intact(yield* inspected(directory)) as Array<[string, string]>)
      assert.strictEqual(documents.get("both"), of("new", 1).revision.document)
    }))

  it.effect("of another machine leave a part that is merged when its lock has not been touched for two minutes", () =>
    Effect.gen(function*() {
      const directory = yield* parted
      const lock = join(directory, ".labelstream", "writers", "runner-a", ".labelstream", "lock")
      mkdirSync(dirname(lock), { recursive: true })
      writeFileSync(lock, JSON.stringify({ pid: 7, host: "elsewhere", processes: "", started: "" }))
      assert.deepStrictEqual((yield* branchesOf(directory).merge).stillOpen, ["runner-a"])
      utimesSync(lock, 0, 0)
      assert.deepStrictEqual((yield* branchesOf(directory).merge).stillOpen, [])
      assert.deepStrictEqual(tree(directory), yield* alone)
    }))

  it.effect("have names that lead nowhere else", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      for (const name of ["", "..", "a/b", "-a", "A", "a".repeat(65)]) {
        const refused = yield* Effect.flip(Effect.scoped(branchesOf(directory).open(name)))
        assert.strictEqual(refused.reason, "misconfigured")
      }
      assert.deepStrictEqual(readdirSync(directory), [])
    }))

  it.effect(`lose and double nothing when the merge dies at any ${every}th file operation, and all is held meanwhile`, () =>
    Effect.gen(function*() {
      const expected = yield* alone
      const template = yield* parted
      const whole = yield* temporary
      cpSync(template, whole, { recursive: true })
      const counting = dying(Number.POSITIVE_INFINITY)
      yield* branchesOf(whole, counting.fs).merge
      assert.isAbove(counting.used(), 100)
      yield* Effect.forEach(
        Array.from({ length: Math.ceil(counting.used() / every) }, (_, at) => at * every),
        (at) =>
          Effect.scoped(Effect.gen(function*() {
            const directory = yield* temporary
            cpSync(template, directory, { recursive: true })
            yield* Effect.exit(branchesOf(directory, dying(at).fs).merge)
            // This process lives on, so its locks would count.
            for (const folder of ["", "writers/runner-a/.labelstream", "writers/runner-b/.labelstream"]) {
              rmSync(join(directory, ".labelstream", folder, "lock"), { force: true })
            }
            const found = (yield* inspected(directory)).filter(({ _tag }) => _tag !== "Extra")
            assert.sameDeepMembers(intact(found), latest, `died at operation ${at}`)
            const jobs = yield* Stream.runCollect(FilesSink.make({ directory }).replay!)
            for (const { document } of jobs) yield* document.collect
            yield* branchesOf(directory).merge
            assert.deepStrictEqual(tree(directory), expected, `died at operation ${at}`)
            assert.isFalse(existsSync(join(directory, ".labelstream")), `died at operation ${at}`)
          })),
        { concurrency: 4, discard: true }
      )
    }))
})
