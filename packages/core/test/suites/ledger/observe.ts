/** What a ledger says of the jobs on a page of a listing. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { batch, changed, first, get, other, read, stored, summary, type WithLedger } from "./ledgerFixtures.ts"

export const observe = (withLedger: WithLedger) => {
  describe("observe", () => {
    it.live(
      "returns each job of a page in its order, as it was before the page",
      withLedger((ledger) =>
        Effect.gen(function*() {
          const run = yield* ledger.begin
          const page = [summary("3"), summary("1"), summary("2")]
          const unseen = yield* ledger.observe(run, batch, page)
          assert.deepStrictEqual(unseen, page.map((summary) => ({ summary, known: null, repeated: false })))
          const again = [summary("1", { annotations: 11 }), summary("3")]
          const observations = yield* ledger.observe(yield* ledger.begin, batch, again)
          assert.deepStrictEqual(observations.map(({ known }) => [known?.jobId, known?.listed]), [
            ["1", first],
            ["3", first]
          ])
          assert.deepStrictEqual((yield* get(ledger, "1")).listed, changed)
          assert.deepStrictEqual(yield* ledger.observe(run, batch, []), [])
        })
      )
    )

    it.live(
      "says which jobs this run has met before, on the page or on an earlier one",
      withLedger((ledger) =>
        Effect.gen(function*() {
          const run = yield* ledger.begin
          const repeated = (run: number, page: ReadonlyArray<string>) =>
            Effect.map(
              ledger.observe(run, batch, page.map((id) => summary(id))),
              (observations) => observations.map((one) => one.repeated)
            )
          assert.deepStrictEqual(yield* repeated(run, ["1", "2", "1"]), [false, false, true])
          assert.deepStrictEqual(yield* repeated(run, ["2", "3"]), [true, false])
          assert.deepStrictEqual(yield* repeated(yield* ledger.begin, ["2", "3"]), [false, false])
          assert.deepStrictEqual(yield* repeated(run, ["1", "3"]), [true, false])
        })
      )
    )

    it.live(
      "makes a new entry with nothing but what is listed",
      withLedger((ledger) =>
        Effect.gen(function*() {
          yield* ledger.observe(yield* ledger.begin, batch, [summary("1", { frames: null, referenceId: null })])
          assert.deepStrictEqual(yield* read(ledger), [{
            projectId: "p",
            batchId: "b",
            jobId: "1",
            referenceId: null,
            listed: { status: "completed", frames: null, annotations: 10 },
            storedAs: null,
            stage: "pending",
            revision: null,
            bytes: null,
            attempts: 0,
            error: null,
            checkedAt: null,
            receipts: []
          }])
        })
      )
    )

    it.live(
      "keeps batches and projects apart although their jobs have the same ids",
      withLedger((ledger) =>
        Effect.gen(function*() {
          const run = yield* ledger.begin
          const refs = [batch, other, { projectId: "q", batchId: "b" }]
          for (const ref of refs) {
            const [observation] = yield* ledger.observe(run, ref, [summary("1")])
            assert.deepStrictEqual([observation?.known, observation?.repeated], [null, false])
          }
          assert.strictEqual((yield* read(ledger)).length, 3)
        })
      )
    )

    it.live(
      "keeps hostile ids as they are",
      withLedger((ledger) =>
        Effect.gen(function*() {
          const hostile = [
            "'; DROP TABLE jobs --",
            "a\u0000b",
            "a",
            "\u{1f600}",
            "\uffff",
            "é",
            "e\u0301",
            "[1]",
            " "
          ]
          const run = yield* ledger.begin
          yield* ledger.observe(run, batch, hostile.map((id) => summary(id, { referenceId: id, status: id })))
          yield* ledger.record(hostile.map((id) => stored(id, id)))
          const entries = yield* read(ledger)
          assert.deepStrictEqual(new Set(entries.map((entry) => entry.jobId)), new Set(hostile))
          for (const entry of entries) {
            assert.deepStrictEqual([entry.referenceId, entry.listed.status], [entry.jobId, entry.jobId])
            assert.deepStrictEqual(entry.receipts.map((receipt) => receipt.sink), [entry.jobId])
          }
        })
      )
    )
  })
}
