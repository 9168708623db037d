import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { randomBytes } from "node:crypto"
import * as zlib from "node:zlib"
import { NodeTransport } from "../src/index.ts"
import { failure, modes, read, send } from "./support/exchanges.ts"
import { serve, serveRaw } from "./support/servers.ts"

layer(NodeTransport.layer({ env: {} }), { excludeTestServices: true })("NodeTransport", (it) => {
  describe("content encoding", () => {
    const text = Buffer.from("a line of text, repeated\n".repeat(2000))
    const encodings = [
      ["gzip", zlib.gzipSync],
      ["x-gzip", zlib.gzipSync],
      ["deflate", zlib.deflateSync],
      ["deflate", zlib.deflateRawSync],
      ["br", zlib.brotliCompressSync],
      ["zstd", zlib.zstdCompressSync]
    ] as const

    const serveEncoded = (header: string, body: Uint8Array) =>
      serve((_, response) => {
        response.writeHead(200, { "content-encoding": header, "content-length": body.length }).end(body)
      })

    it.effect("is undone for gzip, deflate in both forms, br and zstd, in memory and as a stream", () =>
      Effect.gen(function*() {
        for (const [header, encode] of encodings) {
          const server = yield* serveEncoded(header, encode(text))
          for (const { memoryLimit } of modes) {
            assert.isTrue(text.equals(yield* read(yield* send(server.url(), { memoryLimit }))), header)
          }
        }
      }))

    it.effect("is decoded if several were applied, and if it does not compress", () =>
      Effect.gen(function*() {
        const noise = randomBytes(200_000)
        const twice = yield* serveEncoded("gzip, br", zlib.brotliCompressSync(zlib.gzipSync(noise)))
        assert.isTrue(noise.equals(yield* read(yield* send(twice.url()))))
        const once = yield* serveEncoded("gzip", zlib.gzipSync(noise))
        assert.isTrue(noise.equals(yield* read(yield* send(once.url()))))
      }))

    it.effect("turns a bomb into a stream", () =>
      Effect.gen(function*() {
        const server = yield* serveEncoded("gzip", zlib.gzipSync(Buffer.alloc(32 * 1024 * 1024)))
        const { body } = yield* send(server.url())
        if (body._tag !== "Stream") return assert.fail("expected a stream")
        const size = yield* Stream.runFold(body.stream, () => 0, (sum, chunk) => sum + chunk.length)
        assert.strictEqual(size, 32 * 1024 * 1024)
      }))

    it.effect("is Protocol if it cannot be decoded", () =>
      Effect.gen(function*() {
        const gzip = zlib.gzipSync(randomBytes(1000))
        const damaged = yield* serveEncoded("gzip", Buffer.concat([gzip.subarray(0, 20), Buffer.alloc(1000, 7)]))
        const short = yield* serveEncoded("gzip", zlib.gzipSync(randomBytes(1000)).subarray(0, 900))
        const unknown = yield* serveEncoded("compress", Buffer.from("x"))
        for (const server of [damaged, short, unknown]) {
          for (const { memoryLimit } of modes) {
            assert.strictEqual((yield* failure(server.url(), { memoryLimit })).failure, "Protocol")
          }
        }
      }))

    it.effect("does not hide that the encoded body was truncated", () =>
      Effect.gen(function*() {
        const body = zlib.gzipSync(randomBytes(1000))
        const server = yield* serveRaw((socket) => {
          socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`)
          socket.end(body.subarray(0, 500))
        })
        for (const { memoryLimit } of modes) {
          assert.strictEqual((yield* failure(server.url(), { memoryLimit })).failure, "Truncated")
        }
      }))

    it.effect("leaves bytes alone under words that are no coding, in memory and as a stream", () =>
      Effect.gen(function*() {
        for (const header of ["aws-chunked, UTF-8", "ISO-8859-1", "application/json", "none", "gzipped"]) {
          const server = yield* serveEncoded(header, text)
          for (const { memoryLimit } of modes) {
            assert.isTrue(text.equals(yield* read(yield* send(server.url(), { memoryLimit }))), header)
          }
        }
      }))

    it.effect("is decoded among words that are not codings", () =>
      Effect.gen(function*() {
        const server = yield* serveEncoded("utf-8, gzip", zlib.gzipSync(text))
        assert.isTrue(text.equals(yield* read(yield* send(server.url()))))
      }))

    it.effect("leaves bytes alone that are not in the coding the header names", () =>
      Effect.gen(function*() {
        const json = Buffer.from(JSON.stringify({ text: text.toString() }))
        for (const header of ["gzip", "zstd"]) {
          const server = yield* serveEncoded(header, json)
          for (const { memoryLimit } of modes) {
            assert.isTrue(json.equals(yield* read(yield* send(server.url(), { memoryLimit }))), header)
          }
        }
        for (const header of ["deflate", "br"]) {
          const server = yield* serveEncoded(header, json)
          assert.isTrue(json.equals(yield* read(yield* send(server.url(), { memoryLimit: 1e6 }))), header)
        }
      }))
  })
})
