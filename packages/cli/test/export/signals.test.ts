import { assert, describe, it } from "@effect/vitest"
import { PathName } from "@labelstream/core"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { start } from "../support/program.ts"
import { stored, toFiles, world } from "../support/world.ts"

describe("labelstream export", () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it.live(`finishes jobs in flight on ${signal}, leaves only complete files, says what to run, and resumes`, () =>
      Effect.gen(function*() {
        const asked = yield* Deferred.make<void>()
        const { cwd, env, labelstream, simulator } = yield* world({
          batches: [{ id: "b", jobs: 120 }],
          latency: 100,
          onRequest: ({ endpoint }) => {
            if (endpoint === "storage") Deferred.doneUnsafe(asked, Effect.void)
          }
        })
        const program = yield* start(["export", ...toFiles], { cwd, env })
        yield* Deferred.await(asked)
        yield* program.signal(signal)
        const ended = yield* program.end
        assert.strictEqual(ended.status, 130, ended.stderr)
        assert.match(ended.stderr, /Stopping: finishing jobs in flight/)
        assert.match(
          ended.stdout,
          /in files:out is complete. To resume, run: labelstream export --batch b --to files:out\n$/
        )
        for (const { id } of simulator.jobs("b")) {
          const file = join(cwd, "out", "b", `${PathName.fromId(id)}.json`)
          if (existsSync(file)) assert.isTrue(readFileSync(file).equals(simulator.expectedDocument("b", id)), id)
        }
        assert.isBelow(stored(cwd), 120)
        const again = yield* labelstream(["export", ...toFiles])
        assert.strictEqual(again.status, 0, again.stderr)
        assert.strictEqual(stored(cwd), 120)
      }))
  }
})
