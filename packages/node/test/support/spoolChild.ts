/** Keeps one large content in the spool of the given directory until it is killed, or its parent is gone. */
import { Spool } from "@labelstream/core"
import * as Effect from "effect/Effect"
import { NodeSpool } from "../../src/index.ts"

const program = Effect.gen(function*() {
  const spool = yield* Spool.Spool
  yield* spool.keep(new Uint8Array(2 * 1024 * 1024), { mediaType: null })
  process.stdin.resume()
  process.stdout.write("kept\n")
  return yield* Effect.never
})

await Effect.runPromise(
  program.pipe(Effect.scoped, Effect.provide(NodeSpool.layer({ directory: process.argv[2] ?? "" })))
)
