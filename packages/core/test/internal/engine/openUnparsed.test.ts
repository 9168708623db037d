import { assert, describe, it } from "@effect/vitest"
import { strictEqual } from "@effect/vitest/utils"
import { Effect, Stream } from "effect"
import type { Content } from "../../../src/Content.ts"
import { openUnparsed } from "../../../src/internal/engine/openUnparsed.ts"

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

describe("a document of a run", () => {
  it.effect("is parsed again for each reading of its rows", () =>
    Effect.gen(function*() {
      const { content, read } = sized(64 * 1024)
      const document = yield* openUnparsed(content, {})
      strictEqual(read.whole, 1)
      const rows = document.rows({ batchId: "b", jobId: "j" })
      assert.deepStrictEqual(yield* Stream.runCollect(rows), yield* Stream.runCollect(rows))
      assert.deepStrictEqual(read, { whole: 3, streamed: 0 })
    }))

  it.effect("is never held completely from 64 KiB on, however many are opened", () =>
    Effect.gen(function*() {
      const documents = Array.from({ length: 20 }, () => sized(64 * 1024 + 1))
      yield* Effect.forEach(documents, ({ content }) => openUnparsed(content, {}), { concurrency: "unbounded" })
      for (const { read } of documents) assert.deepStrictEqual(read, { whole: 0, streamed: 1 })
    }))
})
