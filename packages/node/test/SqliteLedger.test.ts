import { assert, describe, it } from "@effect/vitest"
import { Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import { scale } from "../../../scripts/testScale.ts"
import { suite } from "../../core/test/suites/ledger.ts"
import { model } from "../../core/test/suites/ledgerModel.ts"
import { SqliteLedger } from "../src/index.ts"
import { open } from "../src/internal/ledger/sqlite.ts"
import { child, killed } from "./support/children.ts"
import { batch, newFile, observe, opening, read, summary, withLedger, withReader } from "./support/ledgers.ts"

const fresh = Layer.unwrap(Effect.map(newFile, (file) => SqliteLedger.layer({ file })))

suite("SqliteLedger", fresh)
model("SqliteLedger", fresh)

const unobserved = (ledger: Ledger.Ledger["Service"], run: number) =>
  Effect.map(
    Stream.runCollect(ledger.entries({ batch, notObservedIn: run })),
    (pages) => pages.flat().map(({ jobId }) => jobId)
  )

describe("SqliteLedger.layer", () => {
  it.live("handles a second run without entries, whether the listing keeps its order or not", () =>
    Effect.gen(function*() {
      const ids = Array.from({ length: 9 }, (_, i) => String(i))
      yield* withLedger(yield* newFile, (ledger) =>
        Effect.gen(function*() {
          yield* observe(ledger, ids)
          yield* ledger.record(ids.map((jobId): Ledger.Outcome => ({
            _tag: "Stored",
            batch,
            sink: "files",
            receipt: { batchId: "b", jobId, revision: { document: "r", attachments: "" }, bytes: 1 },
            listed: { status: "completed", frames: 1, annotations: 1 },
            at: 1
          })))
          for (const listing of [ids, ids.toReversed()]) {
            const run = yield* ledger.begin
            for (const page of [listing.slice(0, 3), listing.slice(3, 6), listing.slice(6)]) {
              const observed = yield* ledger.observe(run, batch, page.map(summary), ["files"])
              assert.deepStrictEqual(
                observed.map(({ known, upToDate }) => [known, upToDate]),
                page.map(() => [null, true])
              )
            }
          }
          const run = yield* ledger.begin
          yield* ledger.observe(run, batch, ["0", "1", "2"].map(summary), ["files"])
          // 3 has left the listing, so that 6 is farther away than the page is long.
          const observed = yield* ledger.observe(run, batch, ["4", "5", "6"].map(summary), ["files"])
          assert.deepStrictEqual(observed.map(({ upToDate }) => upToDate), [true, true, undefined])
        }))
    }))

  it.live("remembers what a run has observed, however many jobs that are", () =>
    Effect.gen(function*() {
      const jobs = Array.from({ length: 20_000 }, (_, i) => summary(String(i)))
      yield* withLedger(yield* newFile, (ledger) =>
        Effect.gen(function*() {
          const run = yield* ledger.begin
          const ends = [jobs.slice(0, 1), jobs.slice(-1)].flat()
          yield* ledger.observe(run, batch, jobs)
          const observed = yield* ledger.observe(run, batch, ends)
          assert.deepStrictEqual(observed.map(({ repeated }) => repeated), [true, true])
          const next = yield* ledger.begin
          yield* ledger.observe(next, batch, jobs.slice(0, -1))
          assert.deepStrictEqual(yield* unobserved(ledger, next), ["19999"])
        }))
    }))

  it.live("records the observations of a run only if a job is missing", () =>
    Effect.gen(function*() {
      const file = yield* newFile
      const written = () => {
        const db = open(file, { readonly: true, timeout: 0 })
        const count = db.prepare("SELECT count(*) FROM observed").pluck().get()
        db.close()
        return count
      }
      yield* withLedger(file, (ledger) =>
        Effect.gen(function*() {
          const run = yield* ledger.begin
          yield* ledger.observe(run, { projectId: "p", batchId: "other" }, ["1", "2"].map(summary))
          for (const ids of [["1", "2"], ["2", "3", "3"]]) yield* ledger.observe(run, batch, ids.map(summary))
          assert.deepStrictEqual(yield* unobserved(ledger, run), [])
          assert.strictEqual(written(), 0)
          yield* ledger.record([{ _tag: "Unfinished", batch, jobId: "4" }])
          assert.deepStrictEqual(yield* unobserved(ledger, run), ["4"])
          assert.strictEqual(written(), 5)
        }))
    }))

  it.live("finds again what earlier runs have noted, and counts runs on", () =>
    Effect.gen(function*() {
      const file = yield* newFile
      const first = yield* withLedger(file, (ledger) => Effect.andThen(observe(ledger, ["1", "2"]), ledger.begin))
      yield* withLedger(file, (ledger) =>
        Effect.gen(function*() {
          assert.deepStrictEqual((yield* read(ledger)).map((entry) => entry.jobId), ["1", "2"])
          assert.isAbove(yield* ledger.begin, first)
        }))
    }))

  it.live("is locked at once while another process has it, and names that process", () =>
    Effect.gen(function*() {
      const file = yield* newFile
      const holder = yield* child("ledgerChild", "hold", file)
      assert.strictEqual(yield* holder.nextLine, "held")
      const error = yield* opening(file)
      assert.strictEqual(error.reason, "locked")
      assert.include(error.message, `process ${holder.pid}`)
      yield* killed(holder)
      yield* withLedger(file, (ledger) => observe(ledger, ["1"]))
    }))

  it.live("is locked for a second layer of the same process", () =>
    Effect.gen(function*() {
      const file = yield* newFile
      const error = yield* withLedger(file, () => opening(file))
      assert.strictEqual(error.reason, "locked")
    }))

  it.live("holds complete calls only, and every one that had returned, after SIGKILL at any instant", () =>
    Effect.gen(function*() {
      const file = yield* newFile
      const said = new Set<string>()
      for (const lines of scale([1, 5, 13], [1, 2, 5, 8, 13])) {
        const writer = yield* child("ledgerChild", "write", file, `kill${lines}`)
        for (let i = 0; i < lines; i++) said.add(yield* writer.nextLine)
        for (const line of yield* killed(writer)) said.add(line)
      }
      const groups = new Map<string, Array<Ledger.LedgerEntry>>()
      for (const entry of yield* withLedger(file, read)) {
        const name = entry.jobId.slice(0, entry.jobId.indexOf("/"))
        groups.set(name, [...groups.get(name) ?? [], entry])
      }
      for (const [name, entries] of groups) {
        assert.strictEqual(entries.length, 100, name)
        const [first] = entries
        assert.isTrue(entries.every((entry) => entry.stage === first?.stage), name)
        assert.isTrue(entries.every((entry) => entry.receipts.length === (entry.stage === "stored" ? 1 : 0)), name)
      }
      for (const line of said) {
        const [what, name = ""] = line.split(" ")
        assert.strictEqual(groups.get(name)?.length, 100, line)
        if (what === "recorded") assert.strictEqual(groups.get(name)?.[0]?.stage, "stored", line)
      }
    }))
})

describe("SqliteLedger.layerReadOnly", () => {
  it.live("reads what another process has written, while it writes", () =>
    Effect.gen(function*() {
      const file = yield* newFile
      const writer = yield* child("ledgerChild", "write", file, "w")
      for (let i = 0; i < 4; i++) yield* writer.nextLine
      const counts = yield* withReader(file, (ledger) => ledger.counts(batch))
      assert.isAtLeast(counts.stored, 200)
      yield* killed(writer)
      // What the killed process has left in the log is read too, though nobody may put it in order.
      assert.isAtLeast((yield* withReader(file, (ledger) => ledger.counts(batch))).stored, counts.stored)
    }))

  it.live("writes nothing, and makes no file", () =>
    Effect.gen(function*() {
      const file = yield* newFile
      const missing = yield* Effect.flip(withReader(file, () => Effect.void))
      assert.deepStrictEqual([missing.reason, fs.existsSync(file)], ["unavailable", false])
      yield* withLedger(file, (ledger) => observe(ledger, ["1"]))
      const refused = yield* withReader(file, (ledger) => Effect.flip(ledger.begin))
      assert.strictEqual(refused.reason, "unavailable")
    }))

  it.live("does not stop a run from starting", () =>
    Effect.gen(function*() {
      const file = yield* newFile
      yield* withLedger(file, (ledger) => observe(ledger, ["1"]))
      yield* withReader(file, (reader) =>
        Effect.gen(function*() {
          yield* withLedger(file, (ledger) => observe(ledger, ["2"]))
          assert.strictEqual((yield* read(reader)).length, 2)
        }))
    }))
})
