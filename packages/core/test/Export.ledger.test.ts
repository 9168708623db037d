import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Cause, Effect, Exit, Layer, Stream } from "effect"
import { inspect } from "node:util"
import * as Export from "../src/Export.ts"
import { Ledger, LedgerError } from "../src/Ledger.ts"
import * as LedgerMemory from "../src/LedgerMemory.ts"
import { released, world } from "./support/exports.ts"
import { batchOf, error, FakePlatform, key, signature } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"
import { lapse } from "./support/time.ts"

const full = new LedgerError({ reason: "unavailable", detail: "the disk is full" })

/** A ledger whose one method fails from its nth call on. */
const failing = (method: "begin" | "end" | "observe" | "record" | "entries" | "opened", from: number) =>
  Layer.effect(
    Ledger,
    Effect.map(Ledger.use(Effect.succeed), (ledger) => {
      let calls = 0
      const check = Effect.suspend(() => ++calls >= from ? Effect.fail(full) : Effect.void)
      const wrapped = method === "begin"
        ? { begin: Effect.andThen(check, ledger.begin) }
        : method === "entries"
        ? { entries: (filter: never) => Stream.unwrap(Effect.as(check, ledger.entries(filter))) }
        : { [method]: (...args: ReadonlyArray<never>) => Effect.andThen(check, (ledger[method] as Function)(...args)) }
      return Ledger.of({ ...ledger, ...wrapped } as Ledger["Service"])
    })
  ).pipe(Layer.provide(Layer.fresh(LedgerMemory.layer)))

describe("a ledger that fails", () => {
  for (
    const [method, from] of [
      ["begin", 1],
      ["opened", 2],
      ["observe", 1],
      ["observe", 3],
      ["record", 3],
      ["record", 5],
      ["entries", 1],
      ["end", 1]
    ] as const
  ) {
    it.effect(`ends the export with its error and holds nothing: ${method}, call ${from}`, () =>
      Effect.gen(function*() {
        const platform = new FakePlatform([batchOf(60)])
        const sinks = [new MemorySink({ id: "memory:one" }), new MemorySink({ id: "memory:two" })]
        const failure = yield* lapse(
          Export.run({ batches: platform.batches, sinks: sinks.map(({ sink }) => sink), concurrency: 4 }).pipe(
            Effect.provide(Layer.merge(platform.layer(), failing(method, from))),
            Effect.flip
          )
        )
        strictEqual(failure, full)
        released(platform, sinks)
      }))
  }
})

describe("outcomes of single jobs", () => {
  it.effect("are recorded some at a time, since each transaction costs a sync", () =>
    Effect.gen(function*() {
      const jobs = 200
      const platform = new FakePlatform(
        [batchOf(jobs)],
        (_, kind) => kind.startsWith("jobs ") ? error(400, "FS_0003", "gone") : undefined
      )
      const sizes: Array<number> = []
      const counting = Layer.effect(
        Ledger,
        Ledger.use((ledger) =>
          Effect.succeed(Ledger.of({
            ...ledger,
            record: (outcomes) => {
              sizes.push(outcomes.length)
              return ledger.record(outcomes)
            }
          }))
        )
      ).pipe(Layer.provide(Layer.fresh(LedgerMemory.layer)))
      const report = yield* lapse(
        Export.run({ batches: platform.batches, sinks: [new MemorySink().sink] }).pipe(
          Effect.provide(Layer.merge(platform.layer(), counting))
        )
      )
      strictEqual(report.batches[0]?.failed, jobs)
      strictEqual(sizes.reduce((sum, size) => sum + size, 0), jobs)
      assert.isAtMost(sizes.length, jobs / 20)
    }))
})

describe("a listener that throws", () => {
  it.effect("ends the export, instead of letting it wait forever", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(60)])
      const sink = new MemorySink()
      const { running } = yield* world(platform, [sink])
      const onEvent = () => {
        throw new Error("not quick, and it throws")
      }
      const exit = yield* lapse(Effect.exit(running({ onEvent })))
      assert(Exit.isFailure(exit))
      assert.include(Cause.pretty(exit.cause), "it throws")
      released(platform, [sink])
    }))
})

describe("what an export leaves behind", () => {
  it.effect("has neither the key nor a signed link in it", () =>
    Effect.gen(function*() {
      const echo = `${key} https://storage.test/?sig=${signature}`
      const platform = new FakePlatform([batchOf(9), batchOf(1, "c")], (_, kind) => {
        if (kind.startsWith("page c")) return error(400, "GE_0002", echo)
        if (kind === "jobs b-1") return error(400, "FS_0003", echo)
        if (kind === "jobs b-2") return error(400, echo, echo)
        return kind.startsWith("file") && kind.includes("b-3") ? { status: 403, body: echo } : undefined
      })
      const sink = new MemorySink()
      const { events, ledger, run } = yield* world(platform, [sink])
      const report = yield* run()
      const entries = yield* Stream.runCollect(ledger.entries({}))
      deepStrictEqual(report.batches.map(({ failed }) => failed), [3, 0])
      const text = inspect([report, events, entries, Array.from(sink.stored), sink.calls], { depth: 20 })
      assert.notInclude(text, key)
      assert.notInclude(text, signature)
      assert.include(text, "GE_0002")
    }))
})
