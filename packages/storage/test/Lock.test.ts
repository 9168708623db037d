import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Failure, Lock, nodeFs } from "../src/index.ts"

const location = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "labelstream-lock-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  ),
  (output): Lock.Location => ({ fs: nodeFs, output, lock: join(output, "lock") })
)

const acquire = (at: Lock.Location) =>
  Effect.tryPromise({ try: () => Lock.acquire(at), catch: Failure.toSinkError("files")({ step: "open" }) })

describe("Lock", () => {
  it.live("is held by one at a time, and is free when it is released", () =>
    Effect.gen(function*() {
      const at = yield* location
      const first = yield* acquire(at)
      const refused = yield* Effect.flip(acquire(at))
      assert.deepStrictEqual([refused.reason, refused.sink], ["conflict", "files"])
      yield* Effect.promise(first.release)
      yield* acquire(at)
    }))

  it.live("of a dead process, or that is incomplete, is no obstacle", () =>
    Effect.gen(function*() {
      const at = yield* location
      for (const text of ["", "{\"pid\":", JSON.stringify({ pid: 2 ** 30, host: "", processes: "", started: "1" })]) {
        writeFileSync(at.lock, text)
        utimesSync(at.lock, 0, 0)
        const lock = yield* acquire(at)
        yield* Effect.promise(lock.release)
      }
    }))

  it.live("of a container that was started again is no obstacle", () =>
    Effect.gen(function*() {
      const at = yield* location
      const before = yield* acquire(at)
      const self = JSON.parse(readFileSync(at.lock, "utf8")) as Record<string, unknown>
      yield* Effect.promise(before.release)
      const processes = "00000000-0000-0000-0000-000000000000 pid:[4026530000]"
      for (const other of [{ processes }, { processes, started: "7" }, { started: "7" }]) {
        writeFileSync(at.lock, JSON.stringify({ ...self, nonce: "earlier", ...other }))
        yield* Effect.promise((yield* acquire(at)).release)
      }
      // Another container of the same host name may be alive.
      writeFileSync(at.lock, JSON.stringify({ ...self, nonce: "other", processes, pid: process.pid + 1 }))
      assert.strictEqual((yield* Effect.flip(acquire(at))).reason, "conflict")
    }))

  it.live("that was taken away is no longer confirmed", () =>
    Effect.gen(function*() {
      const at = yield* location
      const lock = yield* acquire(at)
      yield* Effect.promise(lock.confirm)
      rmSync(at.lock)
      const gone = yield* Effect.flip(Effect.tryPromise(lock.confirm))
      assert.match(String(gone.cause), /removed or taken by another process/)
    }))

  it.live("is taken from a process that is known to be gone, and from no other one", () =>
    Effect.gen(function*() {
      const at = yield* location
      const own = yield* acquire(at)
      const { nonce: _, ...self } = JSON.parse(readFileSync(at.lock, "utf8")) as Record<string, unknown>
      yield* Effect.promise(own.release)
      const elsewhere = { ...self, host: "runner-7" }
      writeFileSync(at.lock, JSON.stringify({ ...elsewhere, nonce: "theirs" }))
      const theirs = Lock.identity().replace(String(self["host"]), "runner-7")
      const free = (...gone: ReadonlyArray<string>) => Effect.promise(() => Lock.free(at, new Set(gone)))
      assert.isFalse(yield* free(Lock.identity(), "runner-7"))
      assert.strictEqual((yield* Effect.flip(acquire(at))).reason, "conflict")
      assert.isTrue(yield* free(theirs))
      const lock = yield* acquire(at)
      assert.isFalse(yield* free(theirs))
      yield* Effect.promise(lock.confirm)
    }))
})
