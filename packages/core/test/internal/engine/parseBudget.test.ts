import { assert, describe, it } from "@effect/vitest"
import { strictEqual } from "@effect/vitest/utils"
import { Effect, Stream } from "effect"
import type { Content } from "../../../src/Content.ts"
import { ParseBudget } from "../../../src/internal/engine/parseBudget.ts"
import type { ResultDocument } from "../../../src/ResultDocument.ts"

const mebi = 1024 * 1024

/** A document of which only the size matters: it says how often it was read whole, and how often as a stream. */
const sized = (size: number) => {
  const read = { whole: 0, streamed: 0 }
  const bytes = new TextEncoder().encode("{}")
  const content: Content = {
    size,
    sha256: "0".repeat(64),
    mediaType: null,
    bytes: undefined,
    path: undefined,
    stream: Stream.suspend(() => {
      read.streamed++
      return Stream.succeed(bytes)
    }),
    collect: Effect.suspend(() => {
      read.whole++
      // Reading takes a turn, as it does from disk: others open theirs meanwhile.
      return Effect.as(Effect.yieldNow, bytes)
    })
  }
  return { content, read }
}

const rowsOf = (document: ResultDocument) => document.rows({ batchId: "b", jobId: "j" })

describe("the memory for parsed documents", () => {
  it.effect("is not exceeded by documents that are opened at the same moment", () =>
    Effect.gen(function*() {
      const budget = new ParseBudget(8 * mebi)
      const documents = Array.from({ length: 20 }, () => sized(mebi / 2))
      yield* Effect.forEach(documents, ({ content }) => budget.open(content, {}), { concurrency: "unbounded" })
      const whole = documents.filter(({ read }) => read.whole > 0).length
      assert.isAtLeast(whole, 1)
      assert.isAtMost(whole * 6 / 2, 8)
      assert(documents.every(({ read }) => read.whole > 0 || read.streamed > 0))
    }))

  it.effect("is taken while rows are read, and by no document that waits for that", () =>
    Effect.gen(function*() {
      const budget = new ParseBudget(8 * mebi)
      const { limit } = budget
      const { content, read } = sized(3 * mebi / 4)
      const document = yield* budget.open(content, {})
      strictEqual(budget.limit, limit)
      strictEqual(read.whole, 1)
      const atEnd: Array<number> = []
      const rows = Stream.onEnd(rowsOf(document), Effect.sync(() => atEnd.push(budget.limit)))
      assert.deepStrictEqual(yield* Stream.runCollect(rows), yield* Stream.runCollect(rows))
      strictEqual(read.whole, 3)
      for (const left of atEnd) assert.isBelow(left, limit)
      strictEqual(atEnd.length, 2)
      strictEqual(budget.limit, limit)
    }))

  it.effect("is given back where a document cannot be opened", () =>
    Effect.gen(function*() {
      const budget = new ParseBudget(8 * mebi)
      const { limit } = budget
      const broken = { ...sized(3 * mebi / 4).content, collect: Effect.die("gone") }
      yield* Effect.exit(budget.open(broken, {}))
      strictEqual(budget.limit, limit)
    }))

  it.effect("is not needed for small documents", () =>
    Effect.gen(function*() {
      const budget = new ParseBudget(0)
      const { content, read } = sized(10_000)
      yield* budget.open(content, {})
      strictEqual(read.whole, 1)
    }))
})
