import { assert, describe, layer } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { NodeTransport } from "../src/index.ts"
import { failure, modes, read, send, untilNoSockets } from "./support/exchanges.ts"
import { closedPort, serve, serveRaw } from "./support/servers.ts"

layer(NodeTransport.layer({ env: {} }), { excludeTestServices: true })("NodeTransport", (it) => {
  describe("failure", () => {
    for (
      const [body, rest] of [
        ["a body shorter than declared", `content-length: 100\r\n\r\n${"x".repeat(50)}`],
        [
          "a chunked body without its last chunk",
          "transfer-encoding: chunked\r\n\r\n14\r\n01234567890123456789\r\n"
        ]
      ] as const
    ) {
      it.effect.each(modes)(`is Truncated for ${body}, $mode`, ({ memoryLimit }) =>
        Effect.gen(function*() {
          const server = yield* serveRaw((socket, head) => {
            const connection = head.includes("GET /close") ? "connection: close\r\n" : ""
            socket.end(`HTTP/1.1 200 OK\r\n${connection}${rest}`)
          })
          for (const path of ["/close", "/keep"]) {
            assert.strictEqual((yield* failure(server.url(path), { memoryLimit })).failure, "Truncated", path)
          }
        }))
    }

    it.effect.each(modes)(
      "is Reset when the connection breaks within the body, $mode",
      ({ memoryLimit }) =>
        Effect.gen(function*() {
          const server = yield* serveRaw((socket) => {
            socket.write(
              `HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n${"x".repeat(50)}`,
              () => socket.resetAndDestroy()
            )
          })
          const error = yield* failure(server.url(), { memoryLimit })
          assert.deepStrictEqual([error.failure, error.code], ["Reset", "ECONNRESET"])
        })
    )

    it.effect("is Reset when the peer hangs up without a response", () =>
      Effect.gen(function*() {
        const server = yield* serveRaw((socket) => socket.end())
        assert.strictEqual((yield* failure(server.url())).failure, "Reset")
      }))

    it.effect("is Timeout when no headers come in time", () =>
      Effect.gen(function*() {
        const server = yield* serveRaw(() => {})
        assert.strictEqual((yield* failure(server.url(), { headersTimeout: Duration.millis(50) })).failure, "Timeout")
      }))

    it.effect.each(modes)("is Stalled when the body stops coming, $mode", ({ memoryLimit }) =>
      Effect.gen(function*() {
        const server = yield* serve((_, response) => response.writeHead(200, { "content-length": 100 }).write("x"))
        const error = yield* failure(server.url(), { memoryLimit, idleTimeout: Duration.millis(50) })
        assert.strictEqual(error.failure, "Stalled")
      }))

    it.effect("is Stalled when a body for one array arrives byte by byte for too long", () =>
      Effect.gen(function*() {
        const server = yield* serve((_, response) => {
          const drip = () => {
            if (!response.destroyed) response.write("x", () => setImmediate(drip))
          }
          drip()
        })
        const error = yield* failure(server.url(), { answerTimeout: Duration.millis(50) })
        assert.strictEqual(error.failure, "Stalled")
        yield* untilNoSockets(server)
      }))

    it.effect("is no stall while the reader takes its time", () =>
      Effect.gen(function*() {
        const total = 8 * 1024 * 1024
        const server = yield* serve((_, response) => response.end(Buffer.alloc(total)))
        const response = yield* send(server.url(), { idleTimeout: Duration.millis(50) })
        yield* Effect.sleep(200)
        assert.strictEqual((yield* read(response)).length, total)
      }))

    it.effect("is Connect with the system's code if nothing listens or the host is unknown", () =>
      Effect.gen(function*() {
        const refused = yield* failure(yield* closedPort)
        assert.deepStrictEqual([refused.failure, refused.code], ["Connect", "ECONNREFUSED"])
        const unknown = yield* failure(new URL("http://does-not-exist.invalid/"))
        assert.strictEqual(unknown.failure, "Connect")
        assert.include(["ENOTFOUND", "EAI_AGAIN"], unknown.code)
      }))

    it.effect("is Tls where TLS is expected and the peer does not speak it", () =>
      Effect.gen(function*() {
        const server = yield* serveRaw(() => {})
        const url = server.url()
        server.sockets.forEach((socket) => socket.end("nonsense"))
        const raw = yield* serve((_, response) => response.end("ok"))
        url.protocol = "https:"
        url.port = raw.url().port
        assert.strictEqual((yield* failure(url)).failure, "Tls")
      }))

    it.effect("is Protocol when the response is not HTTP", () =>
      Effect.gen(function*() {
        const server = yield* serveRaw((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n\r\n"))
        assert.strictEqual((yield* failure(server.url())).failure, "Protocol")
        const both = yield* serveRaw((socket) => {
          socket.end("HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        })
        assert.strictEqual((yield* failure(both.url())).failure, "Protocol")
      }))

    it.effect("names no URL and no header, in no part of the error", () =>
      Effect.gen(function*() {
        const server = yield* serveRaw((socket) => socket.end())
        const headers = { "x-api-key": "topsecret" }
        for (const url of [server.url("/p?signature=topsecret"), new URL("http://topsecret.invalid/p")]) {
          const error = yield* failure(url, { headers })
          assert.notInclude(JSON.stringify(error) + String(error) + String(error.cause), "topsecret")
        }
      }))
  })
})
