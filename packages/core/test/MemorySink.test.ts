import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as MemorySink from "../src/MemorySink.ts"

describe("MemorySink", () => {
  it.effect("notices changes by others", () =>
    Effect.gen(function*() {
      const sink = MemorySink.make()
      const job: MemorySink.StoredJob = {
        projectId: "p",
        batchId: "b",
        jobId: "j",
        revision: { document: "0".repeat(64), attachments: "" },
        document: new Uint8Array([1]),
        attachments: [],
        rows: []
      }
      sink.store.jobs.set("k", job)
      const found = (depth: "manifest" | "content") =>
        Effect.map(Stream.runCollect(sink.inspect(depth)), (parts) => parts.flat().map(({ _tag }) => _tag))
      assert.deepStrictEqual(yield* found("manifest"), ["Intact"])
      assert.deepStrictEqual(yield* found("content"), ["Modified"])
    }))

  it.effect("lets one sink at a time have its store open", () =>
    Effect.gen(function*() {
      const store = MemorySink.emptyStore()
      yield* Effect.scoped(Effect.gen(function*() {
        yield* MemorySink.make({ store }).open
        const refused = yield* Effect.flip(Effect.scoped(MemorySink.make({ store }).open))
        assert.deepStrictEqual([refused.reason, refused.step], ["conflict", "open"])
        yield* Effect.scoped(MemorySink.make().open)
      }))
      yield* Effect.scoped(MemorySink.make({ store }).open)
    }))

  it("has its own store by default", () => {
    assert.notStrictEqual(MemorySink.make().store, MemorySink.make().store)
    const store = MemorySink.emptyStore()
    assert.strictEqual(MemorySink.make({ store }).store, store)
  })
})
