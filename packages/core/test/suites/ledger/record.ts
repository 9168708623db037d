/** What outcomes change in the jobs of a ledger. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import {
  batch,
  changed,
  failed,
  first,
  get,
  gone,
  read,
  reconciled,
  revision,
  stored,
  summary,
  unchanged,
  unfinished,
  voided,
  type WithLedger
} from "./ledgerFixtures.ts"

export const record = (withLedger: WithLedger) => {
  describe("record", () => {
    it.live(
      "of Stored records the receipts, and clears the failure",
      withLedger((ledger) =>
        Effect.gen(function*() {
          yield* ledger.observe(yield* ledger.begin, batch, [summary("1", { annotations: 11 })])
          yield* ledger.record([failed("1"), failed("1")])
          yield* ledger.record([stored("1", "files", "r1", 5), stored("1", "db", "r1", 6, changed)])
          const entry = yield* get(ledger, "1")
          assert.deepStrictEqual(entry, {
            projectId: "p",
            batchId: "b",
            jobId: "1",
            referenceId: "ref of 1",
            listed: changed,
            storedAs: changed,
            stage: "stored",
            revision: revision("r1"),
            bytes: 100,
            attempts: 0,
            error: null,
            checkedAt: 6,
            receipts: [
              { sink: "db", revision: revision("r1"), bytes: 100, attachments: null },
              { sink: "files", revision: revision("r1"), bytes: 100, attachments: null }
            ]
          })
          yield* ledger.record([stored("1", "files", "r2", 7)])
          const receipts = (yield* get(ledger, "1")).receipts
          assert.deepStrictEqual(receipts.map((one) => [one.sink, one.revision.document]), [
            ["db", "r1"],
            ["files", "r2"]
          ])
        })
      )
    )

    it.live(
      "of Failed counts attempts and keeps the error and the receipts",
      withLedger((ledger) =>
        Effect.gen(function*() {
          yield* ledger.record([stored("1")])
          yield* ledger.record([failed("1", 8)])
          yield* ledger.record([failed("1", 9)])
          const entry = yield* get(ledger, "1")
          assert.deepStrictEqual([entry.stage, entry.attempts, entry.error, entry.checkedAt], ["failed", 2, gone, 9])
          assert.deepStrictEqual([entry.revision, entry.storedAs], [revision("r1"), first])
          assert.strictEqual(entry.receipts.length, 1)
        })
      )
    )

    it.live(
      "lets the last outcome of a call decide between sinks, and keeps every receipt",
      withLedger((ledger) =>
        Effect.gen(function*() {
          yield* ledger.record([failed("1"), stored("1"), stored("2"), failed("2")])
          const [one, two] = [yield* get(ledger, "1"), yield* get(ledger, "2")]
          assert.deepStrictEqual([one.stage, one.attempts, one.error, one.receipts.length], ["stored", 0, null, 1])
          assert.deepStrictEqual([two.stage, two.attempts, two.error, two.receipts.length], ["failed", 1, gone, 1])
        })
      )
    )

    it.live(
      "of Unchanged records the check and the listing, and nothing else",
      withLedger((ledger) =>
        Effect.gen(function*() {
          yield* ledger.record([stored("1"), failed("1")])
          yield* ledger.record([unchanged("1", changed, 12)])
          const entry = yield* get(ledger, "1")
          assert.deepStrictEqual([entry.stage, entry.storedAs, entry.checkedAt], ["stored", changed, 12])
          assert.deepStrictEqual([entry.attempts, entry.error, entry.revision], [0, null, revision("r1")])
        })
      )
    )

    it.live(
      "of Unfinished moves the job to that stage without counting a try",
      withLedger((ledger) =>
        Effect.gen(function*() {
          yield* ledger.record([failed("1"), unfinished("1")])
          const entry = yield* get(ledger, "1")
          assert.deepStrictEqual([entry.stage, entry.attempts, entry.error], ["unfinished", 1, null])
        })
      )
    )

    it.live(
      "of Reconciled makes an unknown job, to be compared with its next listing",
      withLedger((ledger) =>
        Effect.gen(function*() {
          yield* ledger.record([reconciled("1")])
          const entry = yield* get(ledger, "1")
          assert.deepStrictEqual(entry.listed, { status: "completed", frames: null, annotations: null })
          assert.deepStrictEqual([entry.stage, entry.storedAs, entry.checkedAt], ["stored", null, null])
          assert.deepStrictEqual([entry.revision, entry.bytes, entry.receipts.length], [revision("r1"), 100, 1])
          const run = yield* ledger.begin
          const [observation] = yield* ledger.observe(run, batch, [summary("1", { annotations: 11 })])
          assert.strictEqual(observation?.known?.storedAs, null)
          assert.deepStrictEqual((yield* get(ledger, "1")).storedAs, changed)
          yield* ledger.observe(run, batch, [summary("1")])
          assert.deepStrictEqual((yield* get(ledger, "1")).storedAs, changed)
        })
      )
    )

    it.live(
      "of Reconciled adds a receipt to a known job, and does not hide that it failed",
      withLedger((ledger) =>
        Effect.gen(function*() {
          yield* ledger.observe(yield* ledger.begin, batch, [summary("1")])
          yield* ledger.record([stored("2", "files", "r2"), failed("3")])
          yield* ledger.record([reconciled("1"), reconciled("2", "r1", "db"), reconciled("3")])
          const [one, two, three] = yield* read(ledger, { batch })
          assert.deepStrictEqual([one?.stage, one?.revision], ["stored", revision("r1")])
          assert.deepStrictEqual([two?.stage, two?.revision, two?.receipts.length], ["stored", revision("r2"), 2])
          assert.deepStrictEqual([three?.stage, three?.error, three?.receipts.length], ["failed", gone, 1])
        })
      )
    )
  })

  describe("record of Voided", () => {
    it.live(
      "removes the receipt of that sink only, and keeps the rest of the job",
      withLedger((ledger) =>
        Effect.gen(function*() {
          yield* ledger.observe(yield* ledger.begin, batch, [summary("1"), summary("2")])
          yield* ledger.record([stored("1"), stored("1", "db"), stored("2")])
          yield* ledger.record([voided("1")])
          const one = yield* get(ledger, "1")
          assert.deepStrictEqual([one.stage, one.revision, one.storedAs], ["stored", revision("r1"), first])
          assert.deepStrictEqual(one.receipts.map(({ sink }) => sink), ["db"])
          assert.strictEqual((yield* get(ledger, "2")).receipts.length, 1)
          assert.deepStrictEqual(
            [yield* ledger.countReceipts("files"), yield* ledger.countReceipts("db")],
            [1, 1]
          )
        })
      )
    )

    it.live(
      "leaves no job stored or up to date that no sink holds, and no receipt of the sink",
      withLedger((ledger) =>
        Effect.gen(function*() {
          yield* ledger.observe(yield* ledger.begin, batch, [summary("1"), summary("2")])
          yield* ledger.record([stored("1"), stored("2"), failed("2"), voided("1"), voided("2")])
          assert.deepStrictEqual(yield* ledger.counts(batch), { pending: 1, unfinished: 0, stored: 0, failed: 1 })
          assert.isFalse(yield* ledger.hasReceipts("files"))
          const seen = yield* ledger.observe(yield* ledger.begin, batch, [summary("1")], ["files"])
          assert.deepStrictEqual(seen.map(({ known, upToDate }) => [known?.stage, upToDate]), [[
            "pending",
            undefined
          ]])
          yield* ledger.record([stored("1", "files", "r2")])
          assert.strictEqual((yield* get(ledger, "1")).stage, "stored")
          assert.isTrue(yield* ledger.hasReceipts("files"))
        })
      )
    )

    it.live(
      "changes nothing if there is no such receipt",
      withLedger((ledger) =>
        Effect.gen(function*() {
          yield* ledger.record([stored("1"), unfinished("2")])
          const before = yield* read(ledger)
          yield* ledger.record([
            voided("1", "db"),
            voided("2"),
            voided("3"),
            { _tag: "Voided", batch: { projectId: "q", batchId: "b" }, sink: "files", jobId: "1" }
          ])
          assert.deepStrictEqual(yield* read(ledger), before)
        })
      )
    )
  })
}
