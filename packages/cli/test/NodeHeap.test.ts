import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"

interface Grown {
  readonly before: number
  readonly young: number
  readonly old: number
}

/** How far the heap of a process grew, with and after the layer. V8's settings hold for a process: each gets its own. */
const grown = (args: ReadonlyArray<string>, ...flags: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    const child = join(import.meta.dirname, "support", "heapChild.ts")
    const { stderr, stdout } = await promisify(execFile)(process.execPath, [...flags, child, ...args])
    assert.strictEqual(stderr, "")
    return JSON.parse(stdout) as [Grown, Grown | undefined]
  })

describe("a small heap", () => {
  it.live("stays as it was for young objects, and collects old ones sooner, while the layer is there", () =>
    Effect.gen(function*() {
      const [[small, after], [own]] = yield* Effect.all([grown(["small", "and after"]), grown(["own"])])
      // Some pages more are there while V8 moves objects from one half to the other.
      assert.isBelow(small.young, 1.5 * small.before)
      assert.isAtLeast(own.young, 2 * own.before)
      assert.isBelow(small.old, 0.85 * own.old)
      assert(after !== undefined)
      assert.isAtLeast(after.young, 2 * small.before)
      assert.isAbove(after.old, small.old)
    }))

  it.live("leaves a process alone that was started with sizes of its own", () =>
    Effect.gen(function*() {
      const [own] = yield* grown(["small"], "--max_semi_space_size=64")
      assert.isAtLeast(own.young, 2 * own.before)
    }))
})
