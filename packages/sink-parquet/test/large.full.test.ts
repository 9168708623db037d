import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { join } from "node:path"
import { inject } from "vitest"
import { temporary } from "./support/targets.ts"

const child = join(inject("programs of sink-parquet"), "largeChild.js")

/** Stores one job of that many rows, or that many jobs, in its own process; answers its peak memory in MiB. */
const peak = (what: "rows" | "jobs", count: number) =>
  Effect.flatMap(temporary, (directory) =>
    Effect.promise(() =>
      new Promise<number>((resolve, reject) => {
        execFile(
          process.execPath,
          // The space for young objects grows with the time that V8 has, and not with what is held.
          [
            "--no-warnings",
            "--max-semi-space-size=1",
            "--max-old-space-size=256",
            child,
            directory,
            what,
            String(count)
          ],
          (error, stdout) => error === null ? resolve(Number(stdout)) : reject(error)
        )
      })
    ))

// The kit's W07 and P03 bound memory with less.
describe("memory", () => {
  it.live("does not grow with the rows of one document", () =>
    Effect.gen(function*() {
      const small = yield* peak("rows", 100_000)
      const large = yield* peak("rows", 500_000)
      assert.isBelow(large, small * 1.3 + 40)
    }), 300_000)

  it.live("does not grow with the number of jobs", () =>
    Effect.gen(function*() {
      // From about 20,000 jobs on, everything that is held is held in full.
      const small = yield* peak("jobs", 20_000)
      const large = yield* peak("jobs", 60_000)
      assert.isBelow(large, small * 1.3 + 40)
    }), 300_000)
})
