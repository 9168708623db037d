/** Calls that are written together or not at all. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { batch, ended, get, ids, reconciled, stored, summary, type WithLedger } from "./ledgerFixtures.ts"

export const transaction = (withLedger: WithLedger) => {
  describe("transaction", () => {
    it.live(
      "keeps all that was recorded within when it succeeds",
      withLedger((ledger) =>
        Effect.gen(function*() {
          yield* ledger.transaction(Effect.forEach(["1", "2"], (id) => ledger.record([reconciled(id)])))
          yield* ledger.record([reconciled("3")])
          assert.deepStrictEqual(yield* ids(ledger), ["1", "2", "3"])
          assert.isTrue(yield* ledger.hasReceipts("files"))
        })
      )
    )

    it.live(
      "keeps nothing of it when it fails, and works afterwards",
      withLedger((ledger) =>
        Effect.gen(function*() {
          yield* ledger.record([stored("1")])
          const failing = Effect.andThen(
            ledger.record([stored("1", "files", "r2"), reconciled("2", "r1", "db")]),
            Effect.fail("no")
          )
          assert.strictEqual(yield* Effect.flip(ledger.transaction(failing)), "no")
          assert.isFalse(yield* ledger.hasReceipts("db"))
          assert.strictEqual((yield* get(ledger, "1")).revision?.document, "r1")
          yield* ledger.record([reconciled("3", "r1", "db")])
          assert.deepStrictEqual(yield* ids(ledger), ["1", "3"])
          assert.isTrue(yield* ledger.hasReceipts("db"))
        })
      )
    )

    it.live(
      "keeps what a run had observed before, and not what it has observed within",
      withLedger((ledger) =>
        Effect.gen(function*() {
          const jobs = ["1", "2", "3"].map((id) => summary(id))
          yield* ledger.observe(yield* ledger.begin, batch, jobs)
          const run = yield* ledger.begin
          yield* ledger.observe(run, batch, jobs.slice(0, 1))
          const failing = Effect.andThen(ledger.observe(run, batch, jobs.slice(1, 2)), Effect.fail("no"))
          assert.strictEqual(yield* Effect.flip(ledger.transaction(failing)), "no")
          assert.deepStrictEqual(yield* ids(ledger, { batch, notObservedIn: run }), ["2", "3"])
          yield* ledger.observe(run, batch, jobs.slice(2))
          assert.deepStrictEqual(yield* ids(ledger, { batch, notObservedIn: run }), ["2"])
          const observed = yield* ledger.observe(run, batch, jobs)
          assert.deepStrictEqual(observed.map(({ repeated }) => repeated), [true, false, true])
        })
      )
    )
  })

  describe("calls that meet a transaction", () => {
    it.live(
      "wait for its end, and lose nothing when it is rolled back",
      withLedger((ledger) =>
        Effect.gen(function*() {
          const began = yield* Deferred.make<void>()
          const go = yield* Deferred.make<void>()
          const failing = Effect.gen(function*() {
            yield* ledger.record([stored("1")])
            yield* Deferred.succeed(began, undefined)
            yield* Deferred.await(go)
            return yield* Effect.fail("no")
          })
          const transaction = yield* Effect.forkChild(Effect.exit(ledger.transaction(failing)))
          yield* Deferred.await(began)
          const others = yield* Effect.forkChild(Effect.gen(function*() {
            const run = yield* ledger.begin
            yield* ledger.observe(run, batch, [summary("2")])
            yield* ledger.record([stored("3")])
            yield* ledger.transaction(ledger.record([stored("4")]))
            yield* ledger.end(run, ended)
          }))
          yield* Effect.yieldNow
          yield* Deferred.succeed(go, undefined)
          yield* Fiber.join(transaction)
          yield* Fiber.join(others)
          assert.deepStrictEqual(yield* ids(ledger), ["2", "3", "4"])
        })
      )
    )
  })
}
