import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { FilesSink } from "../src/index.ts"

/** What `process.env.UNSET!` is. */
const unset = process.env["LABELSTREAM_THAT_NOBODY_SETS"] as string

describe("options", () => {
  it.live.each([unset, "", "s3://bucket/out"])(
    "that cannot be used fail every step, which names them: %j",
    (directory) =>
      Effect.gen(function*() {
        const sink = FilesSink.make({ directory })
        const steps = [
          sink.check,
          sink.open,
          Stream.runDrain(sink.inspect("manifest")),
          Stream.runDrain(sink.replay!),
          sink.count!
        ]
        for (const step of steps) {
          const error = yield* Effect.flip(Effect.scoped(Effect.asVoid(step)))
          assert.strictEqual(error.reason, "misconfigured")
          assert.match(error.message, /Option directory: expected [^\n]+$/)
        }
      })
  )
})
