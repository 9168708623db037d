/** Exports from their submission to their end, as the store has them. */
import { assert, describe, it } from "@effect/vitest"
import type { Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type Kind, kinds } from "./support/databases.ts"
import { batch, placed, stored, storesOn } from "./support/stores.ts"

const completed: Ledger.RunEnd = {
  outcome: "completed",
  listed: 1,
  exported: 1,
  unchanged: 0,
  unfinished: 0,
  failed: 0,
  bytes: 10
}

const suite = (kind: Kind) => {
  const { withRun, withStore } = storesOn(kind)

  describe(`ExportStore on ${kind.name}`, () => {
    it.live(
      "says that an export it does not know is not there, and neither begins nor ends it",
      withStore((store) =>
        Effect.gen(function*() {
          assert.isTrue(Option.isNone(yield* store.find("lost-1")))
          assert.isFalse(yield* store.requestStop("lost-1"))
          const begun = yield* Effect.flip(store.begin("lost-1"))
          const end = { state: "aborted", report: null, error: null, runEnd: null } as const
          const ended = yield* Effect.flip(store.end("lost-1", end))
          assert.deepStrictEqual([begun.reason, ended.reason], ["unavailable", "unavailable"])
        })
      )
    )

    it.live(
      "joins an export of the same key that is running, and begins the next generation once it has ended",
      withStore((store) =>
        Effect.gen(function*() {
          const hostile = "a\u0000'; --\u{1f600}"
          const first = yield* store.submit(hostile, `{"a":1}`)
          const again = yield* store.submit(hostile, `{"a":2}`)
          const other = yield* store.submit("other", "{}")
          assert.deepStrictEqual([first.isNew, again.isNew, other.isNew], [true, false, true])
          assert.deepStrictEqual(again.row, { ...first.row, now: again.row.now })
          assert.strictEqual(again.row.request, `{"a":1}`)
          assert.deepStrictEqual([first.row.key, first.row.id], [hostile, `${hostile}-1`])
          yield* store.end(first.row.id, { state: "stopped", report: "{}", error: "why", runEnd: null })
          const next = yield* store.submit(hostile, `{"a":3}`)
          assert.deepStrictEqual([next.isNew, next.row.generation, next.row.id], [true, 2, `${hostile}-2`])
          const found = Option.getOrThrow(yield* store.find(first.row.id))
          assert.deepStrictEqual([found.state, found.report, found.error], ["stopped", "{}", "why"])
          const ids = (yield* store.list(2)).map(({ id }) => id)
          assert.strictEqual(ids.length, 2)
          assert.strictEqual((yield* store.list(10)).length, 3)
        })
      )
    )

    it.live(
      "registers one export when many ask at once",
      withStore((store) =>
        Effect.gen(function*() {
          const answers = yield* Effect.all(Array.from({ length: 10 }, () => store.submit("key", "{}")), {
            concurrency: "unbounded"
          })
          assert.strictEqual(answers.filter(({ isNew }) => isNew).length, 1)
          assert.strictEqual(new Set(answers.map(({ row }) => row.id)).size, 1)
        })
      )
    )

    it.live(
      "stops what is running only, and says which are to stop",
      withStore((store) =>
        Effect.gen(function*() {
          const [one, two] = [(yield* store.submit("1", "{}")).row.id, (yield* store.submit("2", "{}")).row.id]
          assert.isTrue(yield* store.requestStop(one))
          assert.deepStrictEqual(yield* store.stopping([one, two]), new Set([one]))
          yield* store.end(one, { state: "stopped", report: null, error: null, runEnd: null })
          assert.isFalse(yield* store.requestStop(one))
          assert.deepStrictEqual(yield* store.stopping([one, two]), new Set())
          assert.deepStrictEqual(yield* store.stopping([]), new Set())
        })
      )
    )

    it.live(
      "gives an export one run, and ends it once with what it came to",
      withRun((store, run, id) =>
        Effect.gen(function*() {
          const again = yield* store.begin(id)
          assert.strictEqual(again.run, run)
          const ledger = store.ledger(run)
          assert.strictEqual(yield* ledger.begin, run)
          yield* store.place(run, batch, [placed("1", 0)])
          yield* ledger.end(run, completed)
          assert.isNull((yield* Stream.runCollect(ledger.runs)).flat()[0]?.end)
          yield* store.end(id, { state: "completed", report: "{}", error: null, runEnd: completed })
          yield* store.end(id, { state: "aborted", report: null, error: "late", runEnd: null })
          assert.deepStrictEqual((yield* Stream.runCollect(ledger.runs)).flat()[0]?.end, completed)
          const row = Option.getOrThrow(yield* store.find(id))
          assert.deepStrictEqual([row.state, row.run, row.error], ["completed", run, null])
          assert.deepStrictEqual((yield* store.progress(run)).batches, [])
        })
      )
    )

    it.live(
      "makes nothing for a run that has ended when a late runner notes what it did",
      withRun((store, run, id) =>
        Effect.gen(function*() {
          yield* store.place(run, batch, [placed("1", 0)])
          yield* store.end(id, { state: "completed", report: "{}", error: null, runEnd: completed })
          const ledger = store.ledger(run)
          yield* ledger.record([stored("1")])
          assert.deepStrictEqual((yield* store.progress(run)).batches, [])
          assert.strictEqual((yield* ledger.find(batch, ["1"]))[0]?.stage, "stored")
        })
      )
    )
  })
}

kinds.forEach(suite)
