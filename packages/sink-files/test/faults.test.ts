import { assert, describe, it } from "@effect/vitest"
import type { JobSink } from "@labelstream/core/sink"
import { nodeFs } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import { existsSync, fstatSync, mkdirSync, readdirSync, rmSync, unlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { scale } from "../../../scripts/testScale.ts"
import { FilesSink } from "../src/index.ts"
import { content, record } from "./support/records.ts"
import { batches, play } from "./support/scenario.ts"
import { failingOnce, guarded, inspected, store, systemError, temporary, tree, type Use } from "./support/targets.ts"

/** Plays the scenario and tries each step that failed once more. Returns the errors that were met. */
const persist = Effect.fnUntraced(function*(directory: string, fs: typeof nodeFs) {
  const errors: Array<JobSink.SinkError> = []
  const again = <A, R>(step: Effect.Effect<A, JobSink.SinkError, R>, before?: Effect.Effect<unknown>) =>
    Effect.catch(step, (error) => {
      errors.push(error)
      return Effect.andThen(before ?? Effect.void, step)
    })
  yield* Effect.scoped(Effect.gen(function*() {
    const sink = yield* again(FilesSink.makeWith({ directory }, fs).open)
    for (const [index, batch] of batches.entries()) {
      const before = tree(directory)
      yield* again(sink.stage(`token-${index}`, batch))
      yield* again(sink.commit(`token-${index}`), Effect.sync(() => assert.deepStrictEqual(tree(directory), before)))
      const stored = yield* inspected(directory)
      assert.deepStrictEqual(stored.filter(({ _tag }) => _tag !== "Intact"), [])
      assert.strictEqual(stored.length, index === 0 ? 3 : 4)
    }
    yield* again(sink.finish({ outcome: "completed" }))
  }))
  return errors
})

describe("a failing file system", () => {
  it.effect("is used if it can neither sync a folder nor make a hard link, whatever code says so", () =>
    Effect.gen(function*() {
      for (const code of ["EPERM", "ENOTSUP", "EINVAL", "ENOSYS"]) {
        const directory = yield* temporary
        const fs = guarded(({ args, name }) => {
          if (name === "link" || name === "fsync" && fstatSync(args[0] as number).isDirectory()) throw systemError(code)
        })
        yield* Effect.scoped(Effect.gen(function*() {
          const sink = yield* FilesSink.makeWith({ directory }, fs).open
          yield* store(sink, "first", [record({ job: "one" })])
          yield* store(sink, "second", [record({ job: "one", text: "changed" })])
          yield* sink.finish({ outcome: "completed" })
        }))
        assert.deepStrictEqual((yield* inspected(directory)).map(({ _tag }) => _tag), ["Intact"], code)
      }
    }))

  it.effect(`once, in ${scale("any fifth", "any")} operation, is reported, changes nothing visible, and can be retried`, () =>
    Effect.gen(function*() {
      const unbroken = yield* temporary
      yield* play(unbroken, nodeFs, [])
      let told = 0
      const failAt = (at: number) =>
        Effect.scoped(Effect.gen(function*() {
          const directory = yield* temporary
          const { failed, fs } = failingOnce(at, at % 2 === 0 ? "ENOSPC" : "EIO")
          const errors = yield* persist(directory, fs)
          assert.deepStrictEqual(tree(directory), tree(unbroken), `operation ${at}: ${failed()?.name}`)
          for (const { reason } of errors) assert.strictEqual(reason, "unavailable")
          told += errors.length
          return failed() !== undefined
        }))
      const every = scale(5, 1)
      for (let at = 0, more = true; more; at += 4 * every) {
        const points = [at, at + every, at + 2 * every, at + 3 * every]
        more = (yield* Effect.forEach(points, failAt, { concurrency: 4 })).every(Boolean)
      }
      assert.isAbove(told, 100 / every)
    }))

  it.effect("that is full leaves nothing visible, says what to do, and continues when there is space", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      let isFull = false
      const fs = guarded(({ name }) => {
        if (isFull && name === "write") throw systemError("ENOSPC")
      })
      const sink = yield* FilesSink.makeWith({ directory }, fs).open
      isFull = true
      const error = yield* Effect.flip(sink.stage("t", batches[0]!))
      assert.isTrue(error.isRetryable)
      assert.match(error.message, /^files sink, stage: no space left for .*: free some and run again$/)
      assert.deepStrictEqual(tree(directory), {})
      isFull = false
      assert.strictEqual((yield* store(sink, "t", batches[0]!)).length, 3)
    }))

  it.effect("that fails for good in a commit publishes no part that a later run does not complete", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      let isBroken = false
      const fs = guarded(({ name }) => {
        if (isBroken && (name === "rename" || name === "unlink" || name === "ftruncate")) throw systemError("EIO")
      })
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* FilesSink.makeWith({ directory }, fs).open
        yield* store(sink, "t0", batches[0]!)
        yield* sink.stage("t1", batches[1]!)
        isBroken = true
        yield* Effect.flip(sink.commit("t1"))
        yield* Effect.flip(sink.commit("t1"))
      }))
      rmSync(join(directory, ".labelstream", "lock"))
      yield* Effect.scoped(FilesSink.make({ directory }).open)
      const found = yield* inspected(directory)
      assert.deepStrictEqual(found.map(({ _tag }) => _tag), Array.from(found, () => "Intact"))
    }))

  it.effect("that kept a commit from being taken back at once lets nothing be staged until it is", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const leftover = join(directory, "batch-1", "a", "0000-mask.png")
      mkdirSync(join(leftover, ".."), { recursive: true })
      writeFileSync(leftover, "")
      let isBroken = false
      const fs = guarded(({ args, name }) => {
        if (isBroken && name === "open" && String(args[0]).endsWith("manifest.ndjson")) throw systemError("EIO")
        if (isBroken && name === "rename" && args[1] === leftover) throw systemError("EIO")
      })
      const sink = yield* FilesSink.makeWith({ directory }, fs).open
      const job = record({ job: "a" })
      yield* sink.stage("t1", [job])
      isBroken = true
      yield* Effect.flip(sink.commit("t1"))
      assert.isFalse(existsSync(leftover))
      assert.strictEqual((yield* Effect.flip(sink.stage("t2", [job]))).reason, "unavailable")
      isBroken = false
      yield* sink.stage("t2", [job])
      assert.isTrue(existsSync(leftover))
      yield* sink.commit("t2")
      assert.isFalse(existsSync(join(leftover, "..")))
      assert.deepStrictEqual((yield* inspected(directory)).map(({ _tag }) => _tag), ["Intact"])
    }))

  it.effect("that lost staged files is reported, and no manifest line names missing files", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const sink = yield* FilesSink.make({ directory }).open
      yield* sink.stage("t", batches[0]!)
      const [staging = ""] = readdirSync(join(directory, ".labelstream", "staging"))
      unlinkSync(join(directory, ".labelstream", "staging", staging, "1.0"))
      assert.strictEqual((yield* Effect.flip(sink.commit("t"))).reason, "unavailable")
      assert.deepStrictEqual(tree(directory), {})
      assert.strictEqual((yield* store(sink, "t", batches[0]!)).length, 3)
      assert.deepStrictEqual((yield* inspected(directory)).map(({ _tag }) => _tag), ["Intact", "Intact", "Intact"])
    }))

  it.effect("has synced every file and folder when a commit returns", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const synced = new Set<string>()
      const open = new Map<unknown, string>()
      const renamed = new Map<string, string>()
      const fs = { ...nodeFs }
      fs.open = async (path, flags, mode) => {
        const fd = await nodeFs.open(path, flags, mode)
        open.set(fd, path)
        return fd
      }
      fs.fsync = async (fd) => {
        await nodeFs.fsync(fd)
        synced.add(open.get(fd)!)
      }
      fs.rename = async (from, to) => {
        assert.isTrue(synced.has(from), `renamed before it was synced: ${from}`)
        synced.delete(join(to, ".."))
        renamed.set(to, from)
        await nodeFs.rename(from, to)
      }
      const sink = yield* FilesSink.makeWith({ directory }, fs).open
      yield* store(sink, "t", batches[0]!)
      for (const path of ["", "batch-1", "batch-1/reworked", "batch-1/emptied", "batch-1/manifest.ndjson"]) {
        assert.isTrue(synced.has(join(directory, path)), path)
      }
      for (const path of ["plain.json", "reworked.json", "reworked/0000-mask.png", "emptied/0000-mask.png"]) {
        assert.isTrue(renamed.has(join(directory, "batch-1", path)), path)
      }
    }))

  it.effect("maps what the system says to what can be done about it", () =>
    Effect.gen(function*() {
      for (
        const [code, reason] of [
          ["EACCES", "misconfigured"],
          ["EROFS", "misconfigured"],
          ["EPERM", "misconfigured"],
          ["EMFILE", "unavailable"],
          ["EDQUOT", "unavailable"],
          ["ENOENT", "unavailable"]
        ]
      ) {
        const directory = yield* temporary
        const fs = guarded(({ name }: Use) => {
          if (name === "mkdir") throw systemError(code!)
        })
        const error = yield* Effect.flip(Effect.scoped(FilesSink.makeWith({ directory }, fs).open))
        assert.deepStrictEqual([error.reason, error.step], [reason, "open"])
      }
    }))

  it.effect("rejects one record whose bytes cannot be read back, and stores the rest", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const sink = yield* FilesSink.make({ directory }).open
      const lost = { ...content("x"), bytes: undefined, path: join(directory, "not", "there") }
      const cut = { ...content("x"), size: 2 }
      const rejections = yield* sink.stage("t", [
        record({ job: "good" }),
        record({ job: "lost", document: lost }),
        record({ job: "cut", document: cut })
      ])
      assert.deepStrictEqual(rejections.map(({ error, jobId }) => [jobId, error.reason, error.jobId]), [
        ["lost", "rejected", "lost"],
        ["cut", "rejected", "cut"]
      ])
      assert.deepStrictEqual((yield* sink.commit("t")).map(({ jobId }) => jobId), ["good"])
    }))
})
