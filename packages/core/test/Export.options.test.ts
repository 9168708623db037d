import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Cause, Effect, Exit } from "effect"
import { TestClock } from "effect/testing"
import type * as Export from "../src/Export.ts"
import type { Capabilities } from "../src/JobSink.ts"
import * as Selection from "../src/Selection.ts"
import * as Sizes from "../src/Sizes.ts"
import { type RunOptions, world } from "./support/exports.ts"
import { batchOf, FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"
import { settle } from "./support/time.ts"

/** The message of the typed error that the effect fails with, within two minutes; else what it does instead. */
const refusal = Effect.fnUntraced(function*<A, E, R>(effect: Effect.Effect<A, E, R>) {
  const fiber = yield* Effect.forkDetach(effect)
  for (let second = 0; second < 120 && fiber.pollUnsafe() === undefined; second++) {
    yield* settle
    yield* TestClock.adjust("1 second")
  }
  const exit = fiber.pollUnsafe()
  if (exit === undefined) return "it hangs"
  if (Exit.isSuccess(exit)) return "it went on"
  const [reason] = exit.cause.reasons
  return reason !== undefined && Cause.isFailReason(reason) ? String(reason.error) : "it dies"
})

const { NaN: none, POSITIVE_INFINITY: endless } = Number

describe("an export", () => {
  const options: Record<string, readonly [(value: number) => RunOptions, ReadonlyArray<number>]> = {
    concurrency: [(concurrency) => ({ concurrency }), [none, endless, 0, -1, 1.5]],
    limit: [(limit) => ({ limit }), [none, endless, 0, -1, 1.5]],
    load: [(load) => ({ load }), [none, endless, 0, -1, 1.5, 2 ** 53]],
    grace: [(grace) => ({ grace }), [none, endless, -1]],
    "follow.interval": [(interval) => ({ follow: { interval } }), [none, endless, -1, 0]],
    "follow.deadline": [(deadline) => ({ follow: { deadline } }), [none, endless, -1]]
  }
  for (const [name, [optionsOf, values]] of Object.entries(options)) {
    it.effect.each(values)(
      `refuses, by name and before it opens or asks anything, ${name}: %d`,
      (value) =>
        Effect.gen(function*() {
          const platform = new FakePlatform([batchOf(3)])
          const sink = new MemorySink()
          const { running } = yield* world(platform, [sink])
          assert.include(yield* refusal(running(optionsOf(value))), `Option ${name}: must be`)
          deepStrictEqual([platform.kinds.length, sink.opened], [0, 0])
        })
    )
  }

  const unset = process.env["LABELSTREAM_THAT_NOBODY_SETS"] as string
  const others: Record<string, RunOptions | Pick<Export.Options, "batches">> = {
    batches: { batches: unset as unknown as [] },
    "batches[1].batchId": { batches: [{ projectId: "p", batchId: "b" }, { projectId: "p", batchId: unset }] },
    "batches[0].projectId": { batches: [{ projectId: "", batchId: "b" }] },
    attachments: { attachments: "al" as "all" },
    repair: { repair: "yes" as unknown as boolean },
    filter: { filter: "completed" as unknown as () => boolean },
    filterResult: { filterResult: {} as () => Effect.Effect<boolean> },
    onEvent: { onEvent: true as unknown as () => void },
    "selection._tag": { selection: { _tag: "All" } as unknown as Export.Selection },
    "selection.jobs": { selection: { _tag: "Refresh", jobs: ["j"] as unknown as Set<string> } },
    "selection.jobs[0]": { selection: Selection.refresh({ jobs: [unset] }) },
    "selection.checkedBefore": { selection: Selection.refresh({ checkedBefore: new Date("soon") }) },
    "sizes._tag": { sizes: { _tag: "Guess" } as unknown as NonNullable<Export.Options["sizes"]> },
    "sizes.find": { sizes: Sizes.lookup(unset as unknown as () => Effect.Effect<string>) }
  }
  for (const [name, of] of Object.entries(others)) {
    it.effect(`refuses, by name and in one line, ${name} of a wrong type`, () =>
      Effect.gen(function*() {
        const platform = new FakePlatform([batchOf(3)])
        const { running } = yield* world(platform, [new MemorySink()])
        const message = yield* refusal(running(of as RunOptions))
        assert.include(message, `Option ${name}: must be`)
        assert.notInclude(message, "\n")
        strictEqual(platform.kinds.length, 0)
      }))
  }

  it.effect("refuses a value that is not a sink", () =>
    Effect.gen(function*() {
      const { running } = yield* world(new FakePlatform([batchOf(3)]), [{ sink: unset } as unknown as MemorySink])
      assert.include(yield* refusal(running()), "Option sinks[0]: must be a sink")
    }))

  type Claims = Partial<Omit<Capabilities, "batch">> & { readonly batch?: Partial<Capabilities["batch"]> }
  const capabilities: Record<string, readonly [(value: number) => Claims, ReadonlyArray<number>]> = {
    concurrentBatches: [(concurrentBatches) => ({ concurrentBatches }), [0, none, endless, 1.5]],
    "batch.maxRecords": [(maxRecords) => ({ batch: { maxRecords } }), [0, none, endless, 1.5]],
    "batch.maxBytes": [(maxBytes) => ({ batch: { maxBytes } }), [0, none]],
    "batch.maxAge": [(maxAge) => ({ batch: { maxAge } }), [-1, none, endless]]
  }
  for (const [name, [claimsOf, values]] of Object.entries(capabilities)) {
    it.effect.each(values)(`refuses, by name, a sink that declares ${name}: %d`, (value) =>
      Effect.gen(function*() {
        const sink = new MemorySink({ capabilities: claimsOf(value) })
        const { running } = yield* world(new FakePlatform([batchOf(3)]), [sink])
        assert.include(yield* refusal(running()), `Option capabilities.${name}: must be`)
        strictEqual(sink.opened, 0)
      }))
  }

  it.effect("refuses, by name, a sink that publishes at the end and has several writers", () =>
    Effect.gen(function*() {
      const sink = new MemorySink({ capabilities: { visibility: "finish", writers: "many" } })
      const { running } = yield* world(new FakePlatform([batchOf(3)]), [sink])
      assert.include(yield* refusal(running()), "Option capabilities.writers: must be single with visibility finish")
      strictEqual(sink.opened, 0)
    }))

  it.effect("refuses to run without a sink: its jobs would be recorded as stored", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(3)])
      const { ledger, running } = yield* world(platform, [])
      const message = yield* refusal(running())
      assert.include(message, "Option sinks: must name a sink")
      strictEqual((yield* ledger.counts(platform.batches[0]!)).stored, 0)
    }))
})
