import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Stream } from "effect"
import type { Inspected, JobSink } from "../src/JobSink.ts"
import { Ledger } from "../src/Ledger.ts"
import * as Verify from "../src/Verify.ts"
import { world } from "./support/exports.ts"
import { batchOf, FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"

/** Six jobs, exported into a sink. */
const exported = Effect.gen(function*() {
  const platform = new FakePlatform([batchOf(4), batchOf(2, "c")])
  const sink = new MemorySink()
  const { ledger, run } = yield* world(platform, [sink])
  assert((yield* run()).complete)
  const before = platform.kinds.length
  const verify = Effect.fnUntraced(function*(target: JobSink = sink.sink, options: Verify.Options = {}) {
    const steps = yield* Stream.runCollect(Verify.sink(target, options)).pipe(Effect.provideService(Ledger, ledger))
    strictEqual(platform.kinds.length, before)
    return {
      intact: steps.reduce((sum, { intact }) => sum + intact, 0),
      differences: steps.flatMap(({ differences }) => differences)
    }
  })
  return { sink, ledger, verify }
})

/** A sink whose inspection returns the given results. */
const answering = (sink: MemorySink, ...found: ReadonlyArray<ReadonlyArray<Inspected>>): JobSink => ({
  ...sink.sink,
  inspect: () => Stream.fromIterable(found)
})

const of = (jobId: string) => ({ sink: "memory", batchId: "b", jobId })

describe("verify", () => {
  it.effect("finds everything intact after an export, without the network", () =>
    Effect.gen(function*() {
      const { verify } = yield* exported
      deepStrictEqual(yield* verify(), { intact: 6, differences: [] })
    }))

  it.effect("names jobs that the ledger knows as stored and the sink does not have", () =>
    Effect.gen(function*() {
      const { sink, verify } = yield* exported
      sink.stored.delete("b/b-1")
      sink.stored.delete("c/c-1")
      deepStrictEqual(yield* verify(), {
        intact: 4,
        differences: [
          { _tag: "Missing", ...of("b-1"), path: null },
          { _tag: "Missing", ...of("c-1"), batchId: "c", path: null }
        ]
      })
    }))

  it.effect("names a job that has another revision in the sink than in the ledger", () =>
    Effect.gen(function*() {
      const { sink, verify } = yield* exported
      const job = sink.stored.get("b/b-2")!
      sink.stored.set("b/b-2", { ...job, revision: { ...job.revision, attachments: "other" } })
      deepStrictEqual(yield* verify(), { intact: 5, differences: [{ _tag: "Modified", ...of("b-2"), path: null }] })
    }))

  it.effect("names what no receipt speaks of", () =>
    Effect.gen(function*() {
      const { sink, verify } = yield* exported
      sink.stored.set("b/more", { ...sink.stored.get("b/b-2")!, jobId: "more" })
      deepStrictEqual(yield* verify(), {
        intact: 6,
        differences: [{ _tag: "Extra", sink: "memory", path: "b/more" }]
      })
    }))

  it.effect("calls a leftover what a killed run has stored and the ledger has not recorded", () =>
    Effect.gen(function*() {
      const { ledger, sink, verify } = yield* exported
      yield* ledger.begin
      sink.stored.set("b/more", { ...sink.stored.get("b/b-2")!, jobId: "more" })
      deepStrictEqual(yield* verify(), {
        intact: 6,
        differences: [{ _tag: "Leftover", sink: "memory", path: "b/more" }]
      })
    }))

  it.effect("calls no job missing that a killed commit was replacing", () =>
    Effect.gen(function*() {
      const { sink, verify } = yield* exported
      const intact = yield* Stream.runCollect(Stream.flattenIterable(sink.sink.inspect("content")))
      const rest = intact.filter((item) => item._tag === "Intact" && item.receipt.jobId !== "b-0")
      const leftover = { _tag: "Leftover", batchId: "b", jobId: "b-0", path: "b/b-0.json" } as const
      deepStrictEqual(yield* verify(answering(sink, [leftover], rest)), {
        intact: 5,
        differences: [{ ...leftover, sink: "memory" }]
      })
    }))

  it.effect("names what the sink itself finds wrong, each once and by its path", () =>
    Effect.gen(function*() {
      const { sink, verify } = yield* exported
      const intact = yield* Stream.runCollect(Stream.flattenIterable(sink.sink.inspect("content")))
      const damaged: ReadonlyArray<Inspected> = [
        { _tag: "Missing", batchId: "b", jobId: "b-0", path: "b/b-0.json" },
        { _tag: "Modified", batchId: "b", jobId: "b-0", path: "b/b-0/mask.png" },
        { _tag: "Extra", path: "b/notes.txt" }
      ]
      const rest = intact.filter((item) => item._tag === "Intact" && item.receipt.jobId !== "b-0")
      deepStrictEqual(yield* verify(answering(sink, damaged, rest)), {
        intact: 5,
        differences: [
          { _tag: "Missing", ...of("b-0"), path: "b/b-0.json" },
          { _tag: "Modified", ...of("b-0"), path: "b/b-0/mask.png" },
          { _tag: "Extra", sink: "memory", path: "b/notes.txt" }
        ]
      })
    }))

  it.effect("holds a sink whose place was moved against the receipts of the old place", () =>
    Effect.gen(function*() {
      const { sink, verify } = yield* exported
      const moved = { ...sink.sink, id: "memory:elsewhere" }
      strictEqual((yield* verify(moved)).differences.length, 6)
      deepStrictEqual(yield* verify(moved, { receiptsOf: sink.id }), { intact: 6, differences: [] })
    }))

  it.effect("checks at the given depth, content by default", () =>
    Effect.gen(function*() {
      const { sink, verify } = yield* exported
      const depths: Array<string> = []
      const target: JobSink = {
        ...sink.sink,
        inspect: (depth) => Stream.suspend(() => (depths.push(depth), Stream.empty))
      }
      yield* verify(target)
      yield* verify(target, { depth: "manifest" })
      deepStrictEqual(depths, ["content", "manifest"])
    }))

  it.effect("refuses a sink that cannot be read back, instead of calling everything missing", () =>
    Effect.gen(function*() {
      const { sink, verify } = yield* exported
      const { capabilities } = sink.sink
      const error = yield* Effect.flip(verify({ ...sink.sink, capabilities: { ...capabilities, inspectable: false } }))
      assert(error._tag === "SinkError" && error.reason === "misconfigured")
    }))
})
