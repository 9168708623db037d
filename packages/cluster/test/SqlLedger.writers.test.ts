import { assert, describe, it } from "@effect/vitest"
import { Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { scale } from "../../../scripts/testScale.ts"
import { ClusterStorage, SqlLedger } from "../src/index.ts"
import { killedAfter, rest, start } from "./support/children.ts"
import { kinds } from "./support/databases.ts"

const [rounds, jobs] = scale([6, 50], [12, 200])

const batch = { projectId: "p", batchId: "b" }

const entriesOf = (url: Parameters<typeof ClusterStorage.layer>[0]) =>
  Ledger.Ledger.use((ledger) => Stream.runCollect(ledger.entries({ batch }))).pipe(
    Effect.map((pages) => pages.flat()),
    Effect.provide(Layer.provide(SqlLedger.layer, ClusterStorage.layer(url)), { local: true })
  )

const roundsIn = (lines: ReadonlyArray<string>) => lines.filter((line) => line.startsWith("round")).length

for (const kind of kinds) {
  describe(`SqlLedger on ${kind.name}, written by several processes`, () => {
    it.live("keeps every acknowledged call, and no part of another, when writers are killed", () =>
      Effect.gen(function*() {
        const url = yield* kind.url
        const [a, b, c] = yield* Effect.forEach(["a", "b", "c"], (name) => start("writer", url, name, "1000", "100"))
        if (a === undefined || b === undefined || c === undefined) return
        const told = yield* Effect.all([killedAfter(8, a), killedAfter(15, b), killedAfter(22, c)], { concurrency: 3 })
        const kept = told.map(roundsIn)
        const entries = yield* entriesOf(url)
        assert.strictEqual(entries.length, 100)
        const [attempts] = entries.map((entry) => entry.attempts)
        // A call that was answered to a process that died before it could tell may stand as well.
        const least = kept.reduce((sum, count) => sum + count, 0)
        assert.deepStrictEqual(new Set(entries.map((entry) => entry.attempts)), new Set([attempts]))
        assert.isAtLeast(attempts ?? 0, least)
        assert.isAtMost(attempts ?? 0, least + 3)
        assert.strictEqual(new Set(entries.map(({ error }) => error?.reason)).size, 1)
        assert.strictEqual(new Set(entries.map(({ listed }) => listed.status)).size, 1)
      }))

    it.live("loses no update of writers that begin at once on an empty database and meet at every job", () =>
      Effect.gen(function*() {
        const url = yield* kind.url
        const children = yield* Effect.forEach(
          ["a", "b", "c"],
          (name) => start("writer", url, name, String(rounds), String(jobs))
        )
        const told = yield* Effect.forEach(children, rest, { concurrency: 3 })
        assert.deepStrictEqual(told.map(roundsIn), [rounds, rounds, rounds])
        assert.strictEqual(new Set(told.map(([run]) => run)).size, 3)
        const entries = yield* entriesOf(url)
        assert.deepStrictEqual(entries.map(({ attempts }) => attempts), Array.from({ length: jobs }, () => 3 * rounds))
      }))
  })
}
