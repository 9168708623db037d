import { assert, describe, it } from "@effect/vitest"
import { FilesSink } from "@labelstream/sink-files"
import { ParquetSink } from "@labelstream/sink-parquet"
import { SqliteSink } from "@labelstream/sink-sqlite"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"

const url = "s3://user:s3cret@bucket/x"

describe("a sink that writes to a path of this machine", () => {
  for (
    const sink of [
      FilesSink.make({ directory: url }),
      ParquetSink.make({ directory: url }),
      SqliteSink.make({ file: url })
    ]
  ) {
    it.effect(`refuses a URL and makes no folder of that name: ${sink.name}`, () =>
      Effect.gen(function*() {
        for (const step of [sink.check, sink.open]) {
          const error = yield* Effect.flip(Effect.scoped(Effect.asVoid(step)))
          assert.strictEqual(error.reason, "misconfigured")
          assert.notInclude(error.message, "s3cret")
        }
        assert.isFalse(existsSync("s3:"))
      }))
  }
})
