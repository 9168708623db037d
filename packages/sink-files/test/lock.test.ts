import { assert, describe, it } from "@effect/vitest"
import type { Fs } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from "node:fs"
import { hostname } from "node:os"
import { join } from "node:path"
import { FilesSink } from "../src/index.ts"
import { record } from "./support/records.ts"
import { guarded, inspected, store, systemError, temporary, unsynced } from "./support/targets.ts"

const lockOf = (directory: string) => join(directory, ".labelstream", "lock")

const leave = (directory: string, owner: unknown) => {
  mkdirSync(join(directory, ".labelstream"), { recursive: true })
  writeFileSync(lockOf(directory), typeof owner === "string" ? owner : JSON.stringify(owner))
}

const opens = (directory: string) => Effect.scoped(Effect.asVoid(FilesSink.make({ directory }).open))

/** The owner as this process would write it. */
const ourselves = Effect.gen(function*() {
  const directory = yield* temporary
  yield* FilesSink.make({ directory }).open
  return JSON.parse(readFileSync(lockOf(directory), "utf8")) as Record<string, unknown>
})

describe("the lock", () => {
  it.effect("refuses a second writer and names the first, in the same process too", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* FilesSink.make({ directory }).open
      for (const step of [opens(directory), FilesSink.make({ directory }).check]) {
        const error = yield* Effect.flip(step)
        assert.strictEqual(error.reason, "conflict")
        assert.include(error.message, `process ${process.pid} on ${hostname()}`)
      }
    }))

  it.effect("is free again when the scope has closed, however it closed", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* Effect.exit(Effect.scoped(Effect.andThen(FilesSink.make({ directory }).open, Effect.die("defect"))))
      assert.deepStrictEqual(readdirSync(directory), [])
      yield* opens(directory)
    }))

  it.live("of a process that has died is no obstacle", () =>
    Effect.gen(function*() {
      const self = yield* ourselves
      const child = spawn(process.execPath, ["-e", ""])
      yield* Effect.promise(() => new Promise((resolve) => child.on("exit", resolve)))
      for (const owner of [{ ...self, pid: child.pid }, { ...self, started: "1" }]) {
        const directory = yield* temporary
        leave(directory, owner)
        yield* opens(directory)
        assert.deepStrictEqual(readdirSync(directory), [])
      }
    }))

  it.effect("that cannot be read counts until it has not been touched for 2 minutes", () =>
    Effect.gen(function*() {
      for (const text of ["", "{\"pid\":"]) {
        const directory = yield* temporary
        leave(directory, text)
        assert.include((yield* Effect.flip(opens(directory))).message, "cannot be read")
        utimesSync(lockOf(directory), 0, 0)
        yield* opens(directory)
        assert.deepStrictEqual(readdirSync(directory), [])
      }
    }))

  it.effect("of another machine counts until it has not been touched for two minutes", () =>
    Effect.gen(function*() {
      const self = yield* ourselves
      const directory = yield* temporary
      leave(directory, { ...self, host: "elsewhere", pid: 7 })
      const error = yield* Effect.flip(opens(directory))
      assert.include(error.message, "process 7 on elsewhere")
      utimesSync(lockOf(directory), 0, 0)
      yield* opens(directory)
    }))

  it.effect("that was taken over stops the first owner from undoing a failed commit", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const manifest = join(directory, "batch-1", "manifest.ndjson")
      let [isArmed, isBroken] = [true, false]
      // The commit fails when its lines are written, and cannot be taken back.
      const fs = guarded(({ args, name }) => {
        isBroken ||= isArmed && name === "open" && args[0] === manifest
        if (isBroken && name !== "close") throw systemError("EIO")
      })
      const first = yield* FilesSink.makeWith({ directory }, fs).open
      yield* first.stage("t", [record({ job: "a" })])
      yield* Effect.flip(first.commit("t"))
      isArmed = isBroken = false
      writeFileSync(lockOf(directory), readFileSync(lockOf(directory), "utf8").replace(hostname(), "elsewhere"))
      utimesSync(lockOf(directory), 0, 0)
      yield* Effect.scoped(
        Effect.flatMap(FilesSink.make({ directory }).open, (sink) => store(sink, "next", [record({ job: "b" })]))
      )
      assert.strictEqual((yield* Effect.flip(first.abort("t"))).reason, "conflict")
      assert.deepStrictEqual((yield* inspected(directory)).map(({ _tag }) => _tag), ["Intact", "Intact"])
    }))

  it.effect("that was taken over in the middle of a commit stops the first owner from writing over later lines", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      let isAsleep = false
      const other = Effect.flatMap(
        FilesSink.make({ directory }).open,
        (sink) => store(sink, "next", [record({ job: "b" })])
      )
      const fs: Fs = {
        ...unsynced,
        rename: async (from, to) => {
          if (to.endsWith("/batch-1/a.json") && !isAsleep) {
            isAsleep = true
            writeFileSync(lockOf(directory), readFileSync(lockOf(directory), "utf8").replace(hostname(), "elsewhere"))
            utimesSync(lockOf(directory), 0, 0)
            await Effect.runPromise(Effect.scoped(other))
          }
          return unsynced.rename(from, to)
        }
      }
      const first = yield* FilesSink.makeWith({ directory }, fs).open
      yield* first.stage("t", [record({ job: "a" })])
      assert.strictEqual((yield* Effect.flip(first.commit("t"))).reason, "conflict")
      const found = yield* inspected(directory)
      assert.deepStrictEqual(
        found.map((item) => item._tag === "Intact" ? item.receipt.jobId : item._tag),
        ["a", "b"]
      )
    }))

  it.effect("that was taken over stops the first owner from committing", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const sink = yield* FilesSink.make({ directory }).open
      yield* sink.stage("t", [record({ job: "a" })])
      renameSync(lockOf(directory), `${lockOf(directory)}.gone`)
      assert.strictEqual((yield* Effect.flip(sink.commit("t"))).reason, "conflict")
    }))
})
