import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { gzipSync } from "node:zlib"
import { batchOf, documentUrl, FakePlatform, files, ok, storage } from "./support/fakePlatform.ts"
import { lapse } from "./support/time.ts"

/** What is read where the storage answers with these bytes for a file of this name. */
const read = Effect.fnUntraced(function*(file: string, body: Uint8Array, mediaType: string) {
  const platform = new FakePlatform(
    [batchOf(1)],
    ({ url }) => url.origin === storage ? { headers: { "content-type": mediaType }, body } : undefined
  )
  const gtStudio = yield* platform.gtStudio
  const content = yield* Effect.flatMap(gtStudio.download(`${files}/${file}`), ({ collect }) => collect)
  const streamed = yield* Stream.runCollect(gtStudio.attachment(`${files}/${file}`))
  assert.isTrue(Buffer.concat(Array.from(streamed)).equals(content))
  return Buffer.from(content)
})

const json = Buffer.from(JSON.stringify({ text: "line of text, ".repeat(5000) }))

describe("gzip that no header names", () => {
  it.effect("is undone in a small body and in a large one", () =>
    Effect.gen(function*() {
      const noise = Buffer.from(JSON.stringify(Array.from({ length: 100_000 }, (_, at) => Math.sin(at))))
      for (const body of [json, noise]) {
        const zipped = gzipSync(body, { level: 1 })
        for (const mediaType of ["application/json", "application/gzip"]) {
          assert.isTrue(body.equals(yield* Effect.scoped(read("result.json", zipped, mediaType))))
        }
      }
    }))

  it.effect("stays if the file is an archive by its name or its media type", () =>
    Effect.gen(function*() {
      const zipped = gzipSync(json)
      assert.isTrue(zipped.equals(yield* Effect.scoped(read("labels.npy.gz", zipped, "application/octet-stream"))))
      assert.isTrue(zipped.equals(yield* Effect.scoped(read("labels.bin", zipped, "application/gzip"))))
    }))

  it.effect("that ends too early is asked for again", () =>
    Effect.gen(function*() {
      const zipped = gzipSync(json)
      let asked = 0
      const platform = new FakePlatform([batchOf(1)], ({ url }) =>
        url.origin === storage ? { body: ++asked === 1 ? zipped.subarray(0, -40) : zipped } : undefined)
      const gtStudio = yield* platform.gtStudio
      const download = Effect.scoped(Effect.flatMap(gtStudio.download(documentUrl("b-0")), ({ collect }) =>
        collect))
      assert.isTrue(json.equals(yield* lapse(download)))
      assert.strictEqual(asked, 2)
    }))

  it.effect("is decoded in a response of the API, within a bound on memory", () =>
    Effect.gen(function*() {
      const answer = gzipSync(JSON.stringify(ok({ status: "completed" }).body))
      const gtStudio = yield* new FakePlatform([], () => ({ body: answer })).gtStudio
      assert.strictEqual((yield* gtStudio.jobResult("p", "j")).status, "completed")
      const bomb = yield* new FakePlatform([], () => ({ body: gzipSync(Buffer.alloc(40 * 1024 * 1024), { level: 1 }) }))
        .gtStudio
      const error = yield* Effect.flip(bomb.jobResult("p", "j"))
      assert.include(error.message, "too large")
    }))
})
