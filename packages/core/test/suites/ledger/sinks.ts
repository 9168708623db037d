/** What a ledger knows of sinks: receipts, openings, and an audit. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Audit } from "../../../src/Ledger.ts"
import { batch, failed, receipt, reconciled, stored, type WithLedger } from "./ledgerFixtures.ts"

export const sinks = (withLedger: WithLedger) => {
  it.live(
    "knows the sinks of its receipts",
    withLedger((ledger) =>
      Effect.gen(function*() {
        assert.isFalse(yield* ledger.hasReceipts("files"))
        yield* ledger.record([stored("1", "files"), reconciled("2", "r1", "db")])
        assert.isTrue(yield* ledger.hasReceipts("files"))
        assert.isTrue(yield* ledger.hasReceipts("db"))
        assert.isFalse(yield* ledger.hasReceipts("other"))
        assert.strictEqual(yield* ledger.countReceipts("files"), 1)
        assert.strictEqual(yield* ledger.countReceipts("other"), 0)
      })
    )
  )

  it.live(
    "knows of each sink whether the last run closed it",
    withLedger((ledger) =>
      Effect.gen(function*() {
        assert.isFalse(yield* ledger.opened("files"))
        assert.isFalse(yield* ledger.opened("files"))
        yield* ledger.closed("files")
        assert.isFalse(yield* ledger.opened("db"))
        assert.isTrue(yield* ledger.opened("files"))
        assert.isFalse(yield* ledger.opened("files"))
        assert.isFalse(yield* ledger.hasReceipts("files"))
      })
    )
  )

  describe("audit", () => {
    const unchecked = (audit: Audit) => Effect.map(Stream.runCollect(audit.unchecked), (pages) => pages.flat())
    const key = (jobId: string, batchId = batch.batchId) => ({ projectId: batch.projectId, batchId, jobId })

    it.live(
      "distinguishes receipts that the ledger has from those of another revision or size, and from unknown ones",
      withLedger((ledger) =>
        Effect.scoped(Effect.gen(function*() {
          yield* ledger.record([stored("1"), stored("2", "files", "r2"), stored("3", "db")])
          const audit = yield* ledger.audit("files")
          const found = ["1", "2", "3", "4"].map((id) => receipt(id))
          assert.deepStrictEqual(yield* audit.check(found, []), ["match", "differs", "unknown", "unknown"])
          assert.deepStrictEqual(yield* audit.check([{ ...receipt("1"), batchId: "x" }], []), ["unknown"])
          assert.deepStrictEqual(yield* audit.check([receipt("1", "r1", 101)], []), ["differs"])
          assert.deepStrictEqual(yield* (yield* ledger.audit("other")).check(found.slice(0, 1), []), ["unknown"])
        }))
      )
    )

    it.live(
      "finds the jobs with a receipt of the sink that were not checked, in order",
      withLedger((ledger) =>
        Effect.scoped(Effect.gen(function*() {
          const many = Array.from({ length: 2500 }, (_, i) => String(i).padStart(4, "0"))
          yield* ledger.record([...many.map((id) => stored(id)), stored("x", "db"), failed("y"), failed("0002")])
          const audit = yield* ledger.audit("files")
          yield* audit.check(many.slice(5, 1200).map((id) => receipt(id)), [key("0000"), key("0000", "x"), key("z")])
          yield* audit.check(many.slice(1200, 2499).map((id) => receipt(id, "r2")), [])
          assert.deepStrictEqual(
            yield* unchecked(audit),
            ["0001", "0002", "0003", "0004", "2499"].map((id) => key(id))
          )
          assert.deepStrictEqual(yield* unchecked(yield* ledger.audit("db")), [key("x")])
          assert.deepStrictEqual(yield* unchecked(yield* ledger.audit("other")), [])
        }))
      )
    )
  })
}
