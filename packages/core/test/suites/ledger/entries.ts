/** Reading the jobs of a ledger: by id, all in order, and counted by stage. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { batch, failed, ids, other, stored, summary, unfinished, type WithLedger } from "./ledgerFixtures.ts"

export const entries = (withLedger: WithLedger) => {
  it.live(
    "finds entries by id in the given order, and none for unknown ids",
    withLedger((ledger) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* ledger.find(batch, ["a"]), [null])
        yield* ledger.record([failed("a"), unfinished("b")])
        const found = yield* ledger.find(batch, ["b", "lost", "a"])
        assert.deepStrictEqual(found.map((entry) => entry?.stage), ["unfinished", undefined, "failed"])
        assert.deepStrictEqual(yield* ledger.find({ ...batch, batchId: "other" }, ["a"]), [null])
        assert.deepStrictEqual(yield* ledger.find(batch, []), [])
      })
    )
  )

  describe("entries", () => {
    const many = Array.from({ length: 2500 }, (_, i) => summary(String(i).padStart(4, "0")))

    it.live(
      "come in order of project, batch and job id, all of them once",
      withLedger((ledger) =>
        Effect.gen(function*() {
          const run = yield* ledger.begin
          yield* ledger.observe(run, batch, many.toReversed())
          yield* ledger.observe(run, other, [summary("z"), summary("\u{1f600}"), summary("\uffee"), summary("Z")])
          yield* ledger.observe(run, { projectId: "o", batchId: "z" }, [summary("1")])
          assert.deepStrictEqual(yield* ids(ledger), [
            "1",
            "Z",
            "z",
            "\uffee",
            "\u{1f600}",
            ...many.map((summary) => summary.id)
          ])
          assert.deepStrictEqual(yield* ids(ledger, { batch: other }), ["Z", "z", "\uffee", "\u{1f600}"])
          assert.deepStrictEqual(yield* ids(ledger, { batch: { projectId: "x", batchId: "b" } }), [])
        })
      )
    )

    it.live(
      "come by stage, and by what a run has not observed",
      withLedger((ledger) =>
        Effect.gen(function*() {
          const run = yield* ledger.begin
          yield* ledger.observe(run, batch, many)
          yield* ledger.record(many.filter((_, i) => i % 2 === 0).map(({ id }) => failed(id)))
          const next = yield* ledger.begin
          yield* ledger.observe(next, batch, many.slice(10, 2490))
          const delisted = [...many.slice(0, 10), ...many.slice(2490)].map((summary) => summary.id)
          assert.strictEqual((yield* ids(ledger, { stage: "failed" })).length, 1250)
          assert.deepStrictEqual(yield* ids(ledger, { batch, notObservedIn: next }), delisted)
          assert.deepStrictEqual(
            yield* ids(ledger, { stage: "pending", notObservedIn: next }),
            delisted.filter((_, i) => i % 2 === 1)
          )
          assert.deepStrictEqual(yield* ledger.counts(batch), {
            pending: 1250,
            unfinished: 0,
            stored: 0,
            failed: 1250
          })
        })
      )
    )

    it.live(
      "come while the ledger is written to",
      withLedger((ledger) =>
        Effect.gen(function*() {
          yield* ledger.observe(yield* ledger.begin, batch, many)
          const seen: Array<string> = []
          const walk = Stream.runForEach(ledger.entries({ batch }), (page) =>
            Effect.andThen(
              Effect.sync(() => seen.push(...page.map((entry) => entry.jobId))),
              ledger.record(page.map((entry) => stored(entry.jobId)))
            ))
          const fiber = yield* Effect.forkChild(walk)
          yield* ledger.record([stored("added")])
          yield* Fiber.join(fiber)
          assert.deepStrictEqual(seen.filter((id) => id !== "added"), many.map((summary) => summary.id))
        })
      )
    )
  })

  it.live(
    "counts the jobs of a batch by stage",
    withLedger((ledger) =>
      Effect.gen(function*() {
        const zero = { pending: 0, unfinished: 0, stored: 0, failed: 0 }
        assert.deepStrictEqual(yield* ledger.counts(batch), zero)
        yield* ledger.observe(yield* ledger.begin, batch, ["1", "2", "3", "4", "5"].map((id) => summary(id)))
        yield* ledger.record([stored("2"), stored("3"), failed("3"), unfinished("4")])
        assert.deepStrictEqual(yield* ledger.counts(batch), { pending: 2, unfinished: 1, stored: 1, failed: 1 })
        assert.deepStrictEqual(yield* ledger.counts(other), zero)
      })
    )
  )
}
