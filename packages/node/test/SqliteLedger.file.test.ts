import { assert, describe, it } from "@effect/vitest"
import type { Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import { join } from "node:path"
import { open } from "../src/internal/ledger/sqlite.ts"
import { temporaryFolder } from "./support/folders.ts"
import { newFile, observe, opening, read, withLedger, withReader } from "./support/ledgers.ts"

const completed: Ledger.RunEnd = {
  outcome: "completed",
  listed: 3,
  exported: 1,
  unchanged: 0,
  unfinished: 1,
  failed: 1,
  bytes: 5
}

const execute = (file: string, sql: string) => {
  const db = open(file, { timeout: 0 })
  db.exec(sql)
  db.close()
}

describe("the file of a SqliteLedger", () => {
  it.live("refuses a broken or foreign file, says what to do, and leaves it unchanged", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const make = (name: string, f: (file: string) => void) => {
        f(join(folder, name))
        return join(folder, name)
      }
      const sound = join(folder, "sound.db")
      yield* withLedger(sound, (ledger) => observe(ledger, Array.from({ length: 2000 }, (_, i) => `job ${i}`)))
      const files = [
        make("text.db", (file) => fs.writeFileSync(file, "batch,job\n".repeat(1000))),
        make("other.db", (file) => execute(file, "CREATE TABLE t (a)")),
        make("cut.db", (file) => fs.writeFileSync(file, fs.readFileSync(sound).subarray(0, 100_000))),
        make("tables.db", (file) => {
          fs.copyFileSync(sound, file)
          execute(file, "DROP TABLE receipts")
        })
      ]
      for (const file of files) {
        const before = fs.readFileSync(file)
        for (const error of [yield* opening(file), yield* Effect.flip(withReader(file, () => Effect.void))]) {
          assert.strictEqual(error.reason, "damaged", file)
          assert.include(error.message, `${file} `)
          assert.include(error.message, "Move it away")
        }
        assert.isTrue(before.equals(fs.readFileSync(file)), file)
      }
    }))

  it.live("refuses a ledger of a newer version", () =>
    Effect.gen(function*() {
      const file = yield* newFile
      yield* withLedger(file, () => Effect.void)
      execute(file, "PRAGMA user_version = 99")
      const error = yield* opening(file)
      assert.strictEqual(error.reason, "newer")
      assert.include(error.message, "Update this software")
    }))

  it.live("holds everything in one file after a run, while an idle reader stays connected", () =>
    Effect.gen(function*() {
      const file = yield* newFile
      yield* withLedger(file, () => Effect.void)
      const idle = open(file, { readonly: true, timeout: 0 })
      const jobs = idle.prepare("SELECT count(*) FROM jobs").pluck()
      assert.strictEqual(jobs.get(), 0)
      yield* withLedger(file, (ledger) => observe(ledger, ["1", "2"]))
      const copy = join(yield* temporaryFolder, "copy.db")
      fs.copyFileSync(file, copy)
      const copied = open(copy, { timeout: 0 })
      assert.strictEqual(copied.prepare("SELECT count(*) FROM jobs").pluck().get(), 2)
      assert.strictEqual(jobs.get(), 2)
      copied.close()
      idle.close()
    }))

  it.live("lets a run write while a reader's transaction stays open, from before the run to after it", () =>
    Effect.gen(function*() {
      const file = yield* newFile
      yield* withLedger(file, () => Effect.void)
      const inside = open(file, { readonly: true, timeout: 0 })
      inside.exec("BEGIN")
      const jobs = inside.prepare("SELECT count(*) FROM jobs").pluck()
      assert.strictEqual(jobs.get(), 0)
      yield* withLedger(file, (ledger) => observe(ledger, ["1"]))
      yield* withLedger(file, (ledger) => observe(ledger, ["1", "2"]))
      assert.strictEqual(jobs.get(), 0)
      inside.exec("COMMIT")
      assert.strictEqual(jobs.get(), 2)
      inside.close()
      yield* withLedger(file, () => Effect.void)
      assert.isFalse(fs.existsSync(`${file}-wal`))
    }))

  it.live("creates its folder", () =>
    Effect.gen(function*() {
      const file = join(yield* temporaryFolder, "deep", "er", "ledger.db")
      yield* withLedger(file, (ledger) => observe(ledger, ["1"]))
      assert.isTrue(fs.existsSync(file))
    }))

  it.live("is unavailable if its folder cannot be made, and if the path is a folder", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      fs.writeFileSync(join(folder, "file"), "")
      fs.mkdirSync(join(folder, "folder"))
      for (const [file, named] of [["file/ledger.db", "file"], ["folder", "folder"]] as const) {
        const error = yield* opening(join(folder, file))
        assert.strictEqual(error.reason, "unavailable")
        assert.include(error.message, join(folder, named))
      }
    }))

  it.live("says why its folder cannot be made, and does not try forever", () =>
    Effect.gen(function*() {
      const file = join(yield* temporaryFolder, "file")
      fs.writeFileSync(file, "")
      for (const path of [join(file, "ledger.db"), join(file, "deep", "ledger.db")]) {
        assert.include((yield* opening(path)).message, "a file is in the way")
      }
      // The system takes no folder there, and says that what is above it is missing.
      assert.include((yield* opening("/proc/labelstream/deep/ledger.db")).message, "cannot be made")
    }))

  it.live("reads a file of version 1 as it was written then", () =>
    Effect.gen(function*() {
      const file = yield* newFile
      fs.copyFileSync(join(import.meta.dirname, "fixtures/ledger-v1.db"), file)
      const [one, two, three, ...others] = yield* withLedger(file, read)
      const revision = { document: "r1", attachments: "r2" }
      const known = {
        projectId: "p",
        batchId: "b",
        referenceId: "ref",
        stage: "stored" as const,
        revision,
        bytes: 5,
        attempts: 0
      }
      assert.deepInclude(one, { ...known, jobId: "1", attempts: 0, error: null, checkedAt: 7 })
      assert.deepStrictEqual(one?.storedAs, { status: "completed", frames: 1, annotations: 2.5 })
      const receipt = { revision, bytes: 5, attachments: null }
      assert.deepStrictEqual(one?.receipts, [{ sink: "db", ...receipt }, { sink: "files", ...receipt }])
      assert.deepStrictEqual(two?.error, { reason: "AttachmentMissing", message: "it is gone", retryable: true })
      assert.deepStrictEqual([two?.stage, two?.attempts, three?.stage], ["failed", 1, "unfinished"])
      assert.deepStrictEqual(others, [])
      yield* withLedger(file, (ledger) =>
        Effect.gen(function*() {
          const [earlier] = (yield* Stream.runCollect(ledger.runs)).flat()
          assert.deepInclude(earlier, { run: 1, endedAt: null, end: null })
          yield* ledger.end(yield* ledger.begin, completed)
          assert.deepStrictEqual((yield* Stream.runCollect(ledger.runs)).flat()[0]?.end, completed)
        }))
    }))

  it.live("reads a file of version 2 as it was written then", () =>
    Effect.gen(function*() {
      const file = yield* newFile
      fs.copyFileSync(join(import.meta.dirname, "fixtures/ledger-v2.db"), file)
      yield* withLedger(file, (ledger) =>
        Effect.gen(function*() {
          assert.deepStrictEqual((yield* Stream.runCollect(ledger.runs)).flat(), [
            { run: 2, startedAt: 3000, endedAt: null, end: null },
            { run: 1, startedAt: 1000, endedAt: 2500, end: completed }
          ])
          assert.deepStrictEqual((yield* read(ledger)).map(({ jobId, stage }) => [jobId, stage]), [
            ["1", "stored"],
            ["2", "failed"],
            ["3", "unfinished"]
          ])
        }))
    }))
})
