import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Spool } from "../src/Spool.ts"
import * as SpoolMemory from "../src/SpoolMemory.ts"

const arrival = { mediaType: "application/json" }
const abc = new TextEncoder().encode("abc")
const sha256OfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

describe("SpoolMemory", () => {
  it.effect("returns what came, hashed, by stream and whole", () =>
    Spool.use(Effect.fnUntraced(function*(spool) {
      for (
        const content of [
          yield* spool.keep(abc, arrival),
          yield* spool.receive(Stream.make(abc.subarray(0, 1), abc.subarray(1)), arrival)
        ]
      ) {
        assert.deepStrictEqual([content.size, content.sha256, content.mediaType], [3, sha256OfAbc, arrival.mediaType])
        assert.deepStrictEqual([content.bytes, content.path], [abc, undefined])
        assert.deepStrictEqual(yield* Stream.runCollect(content.stream), [abc])
        assert.deepStrictEqual(yield* content.collect, abc)
      }
    })).pipe(Effect.provide(SpoolMemory.layer())))

  it.effect("streams in chunks of at most 1 MiB, each time from the start", () =>
    Spool.use(Effect.fnUntraced(function*(spool) {
      const content = yield* spool.keep(new Uint8Array(2.5 * 1024 * 1024), arrival)
      for (let time = 0; time < 2; time++) {
        const sizes = (yield* Stream.runCollect(content.stream)).map((chunk) => chunk.byteLength)
        assert.deepStrictEqual(sizes, [1024 * 1024, 1024 * 1024, 512 * 1024])
      }
    })).pipe(Effect.provide(SpoolMemory.layer())))

  it.effect("fails beyond its bound, and has room again when scopes close and bodies fail", () =>
    Spool.use(Effect.fnUntraced(function*(spool) {
      const six = new Uint8Array(6)
      for (let time = 0; time < 3; time++) {
        yield* Effect.scoped(Effect.gen(function*() {
          yield* spool.keep(six, arrival)
          const errors = [
            yield* Effect.flip(spool.keep(six, arrival)),
            yield* Effect.flip(spool.receive(Stream.make(abc, abc), arrival))
          ]
          assert.deepStrictEqual(errors.map((error) => [error.operation, error.code]), [
            ["write", "ENOSPC"],
            ["write", "ENOSPC"]
          ])
          const broken = spool.receive(Stream.concat(Stream.make(abc), Stream.fail("broken")), arrival)
          assert.strictEqual(yield* Effect.flip(broken), "broken")
          yield* spool.keep(abc, arrival)
        }))
      }
    })).pipe(Effect.provide(SpoolMemory.layer({ maxBytes: 10 }))))
})
