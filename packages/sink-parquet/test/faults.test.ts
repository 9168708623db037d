import { assert, describe, it } from "@effect/vitest"
import type { JobSink } from "@labelstream/core/sink"
import { nodeFs } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import {
  chmodSync,
  fstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { scale } from "../../../scripts/testScale.ts"
import { ParquetSink } from "../src/index.ts"
import { query, rowsOf } from "./support/readers.ts"
import { content, jobs, record } from "./support/records.ts"
import { batches, every, options, play } from "./support/scenario.ts"
import {
  failingOnce,
  guarded,
  inspected,
  run,
  store,
  systemError,
  temporary,
  tree,
  unsynced
} from "./support/targets.ts"

/** Plays the scenario and tries each step that failed once more. Returns the errors that were met. */
const persist = Effect.fnUntraced(function*(directory: string, fs: typeof nodeFs) {
  const errors: Array<JobSink.SinkError> = []
  const again = <A, R>(step: Effect.Effect<A, JobSink.SinkError, R>, before?: Effect.Effect<unknown>) =>
    Effect.catch(step, (error) => {
      errors.push(error)
      return Effect.andThen(before ?? Effect.void, step)
    })
  yield* Effect.scoped(Effect.gen(function*() {
    const sink = yield* again(ParquetSink.makeWith({ directory, ...options }, fs).open)
    for (const [index, batch] of batches.entries()) {
      const before = tree(directory)
      const unchanged = Effect.sync(() => assert.deepStrictEqual(tree(directory), before))
      yield* again(sink.stage(`token-${index}`, batch), unchanged)
      yield* again(sink.commit(`token-${index}`), unchanged)
      const stored = yield* inspected(directory)
      assert.deepStrictEqual(stored.filter(({ _tag }) => _tag !== "Intact"), [])
      assert.strictEqual(stored.length, index === 0 ? 4 : 6)
    }
    yield* again(sink.finish({ outcome: "completed" }))
  }))
  return errors
})

describe("a failing file system", () => {
  it.effect(
    `once, in any ${scale(`${every}th `, "")}operation, is reported, changes nothing visible, and can be retried`,
    () =>
      Effect.gen(function*() {
        const unbroken = yield* temporary
        yield* play(unbroken, unsynced, [])
        let told = 0
        const failAt = (at: number) =>
          Effect.scoped(Effect.gen(function*() {
            const directory = yield* temporary
            const { failed, fs } = failingOnce(at, (at / every) % 2 === 0 ? "ENOSPC" : "EIO")
            const errors = yield* persist(directory, fs)
            assert.deepStrictEqual(tree(directory), tree(unbroken), `operation ${at}: ${failed()?.name}`)
            for (const { reason } of errors) assert.strictEqual(reason, "unavailable", `operation ${at}`)
            told += errors.length
            return failed() !== undefined
          }))
        for (let at = 0, more = true; more; at += 4 * every) {
          const points = [at, at + every, at + 2 * every, at + 3 * every]
          more = (yield* Effect.forEach(points, failAt, { concurrency: 4 })).every(Boolean)
        }
        assert.isAbove(told, 200 / every)
      }),
    240_000
  )

  it.effect("that dies in the middle of a commit is forgotten by an abort", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      let renames = 0
      const fs = guarded(({ args, name }) => {
        if (name === "rename" && String(args[1]).includes("part-") && ++renames === 8) throw systemError("EIO")
      })
      const sink = yield* ParquetSink.makeWith({ directory }, fs).open
      yield* store(sink, "t0", jobs(0, 2))
      const before = tree(directory)
      yield* sink.stage("t1", [record({ job: "job-00000", text: "new", rows: 1 }), ...jobs(2, 4)])
      assert.strictEqual((yield* Effect.flip(sink.commit("t1"))).reason, "unavailable")
      yield* sink.abort("t1")
      assert.deepStrictEqual(tree(directory), before)
      yield* store(sink, "t2", jobs(2, 4))
      assert.strictEqual((yield* rowsOf(directory, "annotations")).length, 12)
    }))

  it.effect("is used if it can neither sync a folder nor make a hard link, whatever code says so", () =>
    Effect.gen(function*() {
      for (const code of ["EPERM", "ENOTSUP", "EINVAL", "ENOSYS"]) {
        const directory = yield* temporary
        const fs = guarded(({ args, name }) => {
          if (name === "link" || name === "fsync" && fstatSync(args[0] as number).isDirectory()) throw systemError(code)
        })
        yield* Effect.scoped(Effect.gen(function*() {
          const sink = yield* ParquetSink.makeWith({ directory }, fs).open
          yield* store(sink, "first", [record({ job: "one" })])
          yield* store(sink, "second", [record({ job: "one", text: "changed" })])
          yield* sink.finish({ outcome: "completed" })
        }))
        assert.deepStrictEqual((yield* inspected(directory)).map(({ _tag }) => _tag), ["Intact"], code)
      }
    }))

  it.effect("without hard links gives the same dataset, and takes a failed commit back as well", () =>
    Effect.gen(function*() {
      const unbroken = yield* temporary
      yield* play(unbroken, unsynced, [])
      for (const failing of [1, 5, 12, 20, 30]) {
        const directory = yield* temporary
        let copies = 0
        const fs = guarded(async ({ args, name }) => {
          if (name === "link") throw systemError("EPERM")
          if (name !== "copyFile" || ++copies !== failing) return
          await nodeFs.copyFile(String(args[0]), String(args[1]), 1)
          truncateSync(String(args[1]), 1)
          throw systemError("ENOSPC")
        })
        const errors = yield* persist(directory, fs)
        assert.isAtMost(errors.length, 1)
        assert.deepStrictEqual(tree(directory), tree(unbroken))
      }
    }))

  it.effect("under a read-only folder is found by check and by open", () =>
    Effect.gen(function*() {
      if (process.getuid?.() === 0) return
      const directory = yield* temporary
      chmodSync(directory, 0o500)
      assert.strictEqual((yield* Effect.flip(ParquetSink.make({ directory }).check)).reason, "misconfigured")
    }))
})

describe("records", () => {
  it.effect("of a large document that breaks off cost that record and no other", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const large = { ...content("x"), size: 5 * 1024 * 1024, bytes: undefined, stream: Stream.make(new Uint8Array(9)) }
      const sink = yield* ParquetSink.makeWith({ directory, rowGroupRows: 5 }, unsynced).open
      const rejections = yield* sink.stage("t", [
        ...jobs(0, 4),
        record({ job: "cut", document: large, rows: 50 }),
        ...jobs(4, 8)
      ])
      assert.deepStrictEqual(rejections.map(({ error, jobId }) => [jobId, error.reason]), [["cut", "rejected"]])
      yield* sink.commit("t")
      yield* sink.finish({ outcome: "completed" })
      const unbroken = yield* temporary
      yield* run({ directory: unbroken, rowGroupRows: 5 }, [jobs(0, 8)])
      assert.deepStrictEqual(tree(directory), tree(unbroken))
    }))

  it.effect("with hostile ids stay inside the dataset, each on its own", () =>
    Effect.gen(function*() {
      const directory = join(yield* temporary, "dataset")
      const ids = [
        "../../evil",
        "/etc/passwd",
        "C:\\x",
        "CON",
        "nul.txt",
        "a.",
        ".",
        "..",
        "",
        " ",
        "a\0b",
        "a/b",
        "a%2Fb",
        "Abc",
        "abc",
        "ABC",
        "é",
        "e\u0301",
        "=",
        "batch=x",
        "*",
        "~",
        "x".repeat(300),
        `${"x".repeat(299)}y`,
        "__HIVE_DEFAULT_PARTITION__"
      ]
      const records = ids.map((id, index) => record({ job: id || "empty", batch: id, rows: 1, text: String(index) }))
      yield* run({ directory }, [records])
      assert.deepStrictEqual(readdirSync(join(directory, "..")), ["dataset"])
      const folders = readdirSync(join(directory, "jobs"))
      assert.strictEqual(new Set(folders.map((name) => name.toLowerCase())).size, ids.length)
      assert.deepStrictEqual((yield* inspected(directory)).filter(({ _tag }) => _tag === "Intact").length, ids.length)
      const stored = yield* rowsOf(directory, "jobs")
      assert.sameMembers(stored.map(({ batch_id }) => batch_id), ids)
      const read = yield* query(directory, "SELECT batch_id FROM {jobs}")
      const short = ids.filter((id) => id.length < 200)
      assert.deepStrictEqual(short.filter((id) => !read.some(([found]) => found === id)), [])
    }))

  it.effect("are not written through a symbolic link", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const outside = yield* temporary
      mkdirSync(join(directory, "jobs"))
      symlinkSync(outside, join(directory, "jobs", "batch-batch-1"))
      const sink = yield* ParquetSink.makeWith({ directory }, unsynced).open
      yield* sink.stage("t", jobs(0, 1))
      assert.strictEqual((yield* Effect.flip(sink.commit("t"))).reason, "conflict")
      assert.deepStrictEqual(readdirSync(outside), [])
    }))

  it.effect("leave no signature of a URL anywhere", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run({ directory, compression: "none" }, [
        [record({ job: "a", url: "https://u:CANARY@files.example/a.json?X-Amz-Signature=CANARY" })]
      ])
      assert.deepStrictEqual((yield* rowsOf(directory, "jobs")).map(({ result_url }) => result_url), [
        "https://files.example/a.json"
      ])
      const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
      assert.isAbove(files.length, 2)
      for (const { name, parentPath } of files) {
        assert.notInclude(readFileSync(join(parentPath, name), "latin1"), "CANARY", name)
      }
    }))
})

describe("a dataset that is open", () => {
  it.effect("is refused to a second writer by check and open, and free again afterwards", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const sink = ParquetSink.make({ directory })
      yield* Effect.scoped(Effect.gen(function*() {
        yield* sink.open
        assert.strictEqual((yield* Effect.flip(sink.check)).reason, "conflict")
        assert.strictEqual((yield* Effect.flip(Effect.scoped(sink.open))).reason, "conflict")
      }))
      yield* sink.check
      yield* Effect.scoped(sink.open)
    }))

  it.live("drops what was staged when it is interrupted, and leaks no file", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const open = () => readdirSync("/proc/self/fd").length
      const before = open()
      const never = { ...content("x"), size: 5 * 1024 * 1024, bytes: undefined, stream: Stream.never }
      const fiber = yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* ParquetSink.make({ directory }).open
        yield* sink.stage("t", [...jobs(0, 3), record({ job: "never", document: never })])
      })).pipe(Effect.forkChild({ startImmediately: true }))
      yield* Effect.promise(async () => {
        while (open() < before + 5) await new Promise((resolve) => setImmediate(resolve))
      })
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(readdirSync(directory), [])
      assert.strictEqual(open(), before)
    }))

  it.effect("fails if a file is in its place, and changes nothing", () =>
    Effect.gen(function*() {
      const folder = yield* temporary
      const directory = join(folder, "file")
      writeFileSync(directory, "mine")
      assert.strictEqual((yield* Effect.flip(ParquetSink.make({ directory }).check)).reason, "misconfigured")
      assert.strictEqual(
        (yield* Effect.flip(Effect.scoped(ParquetSink.make({ directory }).open))).reason,
        "misconfigured"
      )
    }))
})
