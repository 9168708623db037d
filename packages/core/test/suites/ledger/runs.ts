/** Runs: their numbers, and what they came to. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ended, type WithLedger } from "./ledgerFixtures.ts"

export const runs = (withLedger: WithLedger) => {
  it.live(
    "numbers each run above the ones before",
    withLedger((ledger) =>
      Effect.gen(function*() {
        const one = yield* ledger.begin
        const two = yield* ledger.begin
        assert.isAbove(two, one)
      })
    )
  )

  describe("runs", () => {
    it.live(
      "are listed with their counts, the latest first, and an interrupted one without an end",
      withLedger((ledger) =>
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* Stream.runCollect(ledger.runs), [])
          const one = yield* ledger.begin
          yield* ledger.end(one, ended)
          const two = yield* ledger.begin
          const three = yield* ledger.begin
          yield* ledger.end(three, { ...ended, outcome: "stopped", bytes: 2 ** 40 })
          const runs = (yield* Stream.runCollect(ledger.runs)).flat()
          assert.deepStrictEqual(runs.map(({ end, run }) => [run, end]), [
            [three, { ...ended, outcome: "stopped", bytes: 2 ** 40 }],
            [two, null],
            [one, ended]
          ])
          for (const { end, endedAt, startedAt } of runs) {
            if (end === null) assert.isNull(endedAt)
            else assert.isAtLeast(endedAt ?? -1, startedAt)
          }
        })
      )
    )

    it.live(
      "are all listed, however many they are",
      withLedger((ledger) =>
        Effect.gen(function*() {
          const begun = yield* ledger.transaction(Effect.replicateEffect(ledger.begin, 1001))
          const runs = (yield* Stream.runCollect(ledger.runs)).flat()
          assert.deepStrictEqual(runs.map(({ run }) => run), begun.toReversed())
        })
      )
    )
  })
}
