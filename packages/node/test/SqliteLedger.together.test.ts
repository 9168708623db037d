import { assert, describe, it } from "@effect/vitest"
import { Export, Ledger } from "@labelstream/core"
import { Cause, Effect, Exit, Layer, Stream } from "effect"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { batchOf, FakePlatform } from "../../core/test/support/fakePlatform.ts"
import { MemorySink } from "../../core/test/support/memorySink.ts"
import * as SqliteLedger from "../src/SqliteLedger.ts"

const setting = (platform: FakePlatform) =>
  Layer.merge(
    platform.layer({}),
    SqliteLedger.layer({ file: join(mkdtempSync(join(tmpdir(), "labelstream-")), "ledger.sqlite") })
  )

const two = () => new FakePlatform([batchOf(30, "a"), batchOf(30, "z")], undefined, 10)

/** Typed failures may be; a defect, such as an error of the database itself, may not. */
const noDefect = (exit: Exit.Exit<unknown, unknown>) =>
  assert.isTrue(
    Exit.isSuccess(exit) || exit.cause.reasons.every(Cause.isFailReason),
    Exit.isFailure(exit) ? String(exit.cause).slice(0, 200) : ""
  )

describe("two exports of one program on one ledger", () => {
  it.live("do not end each other", () =>
    Effect.gen(function*() {
      const platform = two()
      const slow = (id: string) => ({
        ...new MemorySink({ id }).sink,
        inspect: () => Stream.fromEffect(Effect.as(Effect.sleep("50 millis"), [])) as never
      })
      const exits = yield* Effect.all([
        Effect.exit(Export.run({ batches: [platform.batches[0]!], sinks: [slow("one")] })),
        Effect.exit(Export.run({ batches: [platform.batches[1]!], sinks: [slow("two")] }))
      ], { concurrency: 2 }).pipe(Effect.provide(setting(platform)))
      exits.forEach(noDefect)
    }), 30_000)

  it.live("lose no receipt when one of them fails", () =>
    Effect.gen(function*() {
      const platform = two()
      const one = new MemorySink({
        id: "one",
        before: (step) => step === "stage" ? Effect.sleep("30 millis") : Effect.void
      })
      const failing = Effect.andThen(Effect.sleep("100 millis"), Effect.fail(new MemorySink().error("open", "corrupt")))
      const broken = { ...new MemorySink({ id: "two" }).sink, inspect: () => Stream.fromEffect(failing) }
      yield* Effect.gen(function*() {
        const ledger = yield* Ledger.Ledger
        const exits = yield* Effect.all([
          Effect.exit(Export.run({ batches: [platform.batches[0]!], sinks: [one.sink] })),
          Effect.exit(
            Effect.andThen(Effect.sleep("40 millis"), Export.run({ batches: [platform.batches[1]!], sinks: [broken] }))
          )
        ], { concurrency: 2 })
        exits.forEach(noDefect)
        const { stored } = yield* ledger.counts(platform.batches[0]!)
        assert.deepStrictEqual({ inLedger: stored, inSink: one.stored.size }, { inLedger: 30, inSink: 30 })
      }).pipe(Effect.provide(setting(platform)))
    }), 30_000)
})
