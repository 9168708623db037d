// A pipeline of your own: every "Chair" of a batch as a line of NDJSON on standard output.
import { JobStream } from "@labelstream/core"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { connect } from "./support/platform.ts"

const program = Effect.gen(function*() {
  const { batches, concurrency, platform } = yield* connect
  yield* Stream.fromIterable(batches).pipe(
    Stream.flatMap((batch) =>
      JobStream.rows(batch, {
        concurrency,
        onFailure: ({ error, jobId }) => Console.error(`Job ${jobId} failed: ${error.message}`)
      })
    ),
    Stream.filter(({ label }) => label === "Chair"),
    Stream.runForEach((row) => Console.log(JSON.stringify(row))),
    Effect.provide(platform)
  )
})

Effect.runPromise(Effect.scoped(program)).catch((error: Error) => {
  console.error(error.message)
  process.exitCode = 1
})
