import { assert, describe, it, layer } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { randomBytes } from "node:crypto"
import * as zlib from "node:zlib"
import { NodeTransport } from "../src/index.ts"
import { failure, modes, read, send, untilNoSockets } from "./support/exchanges.ts"
import { serve, serveRaw } from "./support/servers.ts"

layer(NodeTransport.layer({ env: {} }), { excludeTestServices: true })("NodeTransport", (it) => {
  describe("request", () => {
    it.effect("sends the given headers, path, and query unchanged, and adds only host and connection", () =>
      Effect.gen(function*() {
        const heads: Array<string> = []
        const server = yield* serveRaw((socket, head) => {
          heads.push(head)
          socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        })
        const url = server.url("/a%2Fb/c?x=1%2B2&y=%20")
        yield* send(url, { headers: { "x-api-key": "k", "accept-encoding": "gzip" } })
        assert.deepStrictEqual(heads, [
          `GET /a%2Fb/c?x=1%2B2&y=%20 HTTP/1.1\r\nhost: ${url.host}\r\nconnection: keep-alive\r\n`
          + "x-api-key: k\r\naccept-encoding: gzip\r\n\r\n"
        ])
      }))

    it.effect("returns redirects unchanged", () =>
      Effect.gen(function*() {
        const server = yield* serve((_, response) => {
          response.writeHead(302, { location: "http://elsewhere.invalid/x?signature=1" }).end("moved")
        })
        const response = yield* send(server.url())
        assert.strictEqual(response.status, 302)
        assert.strictEqual(response.header("location"), "http://elsewhere.invalid/x?signature=1")
        assert.strictEqual(response.header("constructor"), undefined)
      }))

    it.effect("uses connections again once their bodies were read", () =>
      Effect.gen(function*() {
        const server = yield* serve((_, response) => response.end("ok"))
        for (let i = 0; i < 10; i++) yield* send(server.url())
        // Two, since undici frees a connection one turn of the event loop after it gave out the end of the body.
        assert.isAtMost(server.accepted(), 2)
      }))

    it.effect("carries 1,000 at once over the allowed connections", () =>
      Effect.gen(function*() {
        const server = yield* serve((message, response) => response.end(`body of ${message.url}`))
        const bodies = yield* Effect.forEach(
          Array.from({ length: 1000 }, (_, i) => `/${i}`),
          (path) => Effect.flatMap(send(server.url(path)), read),
          { concurrency: "unbounded" }
        )
        bodies.forEach((body, i) => assert.strictEqual(body.toString(), `body of /${i}`))
        assert.isAtMost(server.accepted(), 128)
      }))
  })

  describe("body", () => {
    it.effect("arrives as one array up to the limit, whatever way it is framed", () =>
      Effect.gen(function*() {
        const bytes = randomBytes(100_000)
        const server = yield* serve((message, response) => {
          if (message.url === "/length") response.setHeader("content-length", bytes.length)
          if (message.url === "/close") response.shouldKeepAlive = false
          for (let at = 0; at < bytes.length; at += 30_000) response.write(bytes.subarray(at, at + 30_000))
          response.end()
        })
        for (const path of ["/length", "/chunked", "/close"]) {
          const { body } = yield* send(server.url(path), { memoryLimit: bytes.length })
          assert.strictEqual(body._tag, "Bytes")
          if (body._tag === "Bytes") assert.isTrue(bytes.equals(body.bytes))
        }
      }))

    it.effect("arrives as a stream beyond the limit, whatever way it is framed", () =>
      Effect.gen(function*() {
        const bytes = randomBytes(100_000)
        const server = yield* serve((message, response) => {
          if (message.url === "/length") response.setHeader("content-length", bytes.length)
          for (let at = 0; at < bytes.length; at += 7_000) response.write(bytes.subarray(at, at + 7_000))
          response.end()
        })
        for (const path of ["/length", "/chunked"]) {
          for (const memoryLimit of [0, 1, 6_999, 99_999]) {
            const response = yield* send(server.url(path), { memoryLimit })
            assert.strictEqual(response.body._tag, "Stream")
            assert.isTrue(bytes.equals(yield* read(response)))
          }
        }
      }))

    it.effect("is empty if the response has none", () =>
      Effect.gen(function*() {
        const server = yield* serve((message, response) => {
          response.writeHead(message.url === "/204" ? 204 : 304, { "content-encoding": "gzip" }).end()
        })
        assert.strictEqual((yield* read(yield* send(server.url("/204")))).length, 0)
        assert.strictEqual((yield* read(yield* send(server.url("/304")))).length, 0)
      }))

    it.effect("of 64 MB is asked for no faster than it is read", () =>
      Effect.gen(function*() {
        const piece = Buffer.alloc(64 * 1024, 1)
        const total = 1024 * piece.length
        let sent = 0
        const server = yield* serve((_, response) => {
          response.writeHead(200, { "content-length": total })
          const more = () => {
            while (sent < total) {
              sent += piece.length
              if (!response.write(piece)) return void response.once("drain", more)
            }
            response.end()
          }
          more()
        })
        const { body } = yield* send(server.url())
        if (body._tag !== "Stream") return assert.fail("expected a stream")
        let received = 0
        let ahead = 0
        yield* Stream.runForEachArray(body.stream, (chunks) =>
          Effect.gen(function*() {
            received += chunks.reduce((sum, chunk) => sum + chunk.length, 0)
            yield* Effect.yieldNow
            ahead = Math.max(ahead, sent - received)
          }))
        assert.strictEqual(received, total)
        // Both sockets' own buffers are part of this.
        assert.isBelow(ahead, 16 * 1024 * 1024)
      }))

    it.effect("can be read once", () =>
      Effect.gen(function*() {
        const server = yield* serve((_, response) => response.end("0123456789abc"))
        const response = yield* send(server.url(), { memoryLimit: 3 })
        yield* read(response)
        assert.strictEqual((yield* Effect.exit(read(response)))._tag, "Failure")
      }))
  })

  describe("a length that is named twice", () => {
    const answered = (...heads: ReadonlyArray<string>) =>
      serveRaw((socket) => {
        let at = 0
        const answer = () => socket.write(`HTTP/1.1 200 OK\r\n${heads[at++ % heads.length]}\r\n\r\nhello`)
        answer()
        socket.on("data", answer)
      })

    it.effect("is one length if both are equal, in one header or two, response after response", () =>
      Effect.gen(function*() {
        const server = yield* answered(
          "Content-Length: 5\r\nX: 1\r\ncontent-length:5",
          "content-length: 5, 5",
          "content-length: 5",
          "Content-Length: 5\r\ncontent-length: 5\r\nX: 1"
        )
        for (let n = 0; n < 8; n++) {
          for (const { memoryLimit } of modes) {
            const response = yield* send(server.url(), { memoryLimit })
            assert.strictEqual((yield* read(response)).toString(), "hello")
            assert.strictEqual(response.header("content-length"), "5")
          }
        }
      }))

    it.effect("is Protocol if they differ", () =>
      Effect.gen(function*() {
        const server = yield* answered("Content-Length: 5\r\nContent-Length: 4")
        assert.strictEqual((yield* failure(server.url())).failure, "Protocol")
      }))
  })

  describe("end", () => {
    it.effect("comes with interruption: the server sees the connection close", () =>
      Effect.gen(function*() {
        const asked = yield* Deferred.make<void>()
        const server = yield* serveRaw(() => Deferred.doneUnsafe(asked, Effect.void))
        const fiber = yield* Effect.forkChild(Effect.scoped(send(server.url())))
        yield* Deferred.await(asked)
        yield* Fiber.interrupt(fiber)
        yield* untilNoSockets(server)
      }))

    it.effect("comes with the scope of a streamed body, read in part or not at all", () =>
      Effect.gen(function*() {
        const server = yield* serve((_, response) => {
          response.writeHead(200, { "content-length": 1e9 }).write(Buffer.alloc(1e6))
        })
        for (const count of [0, 1]) {
          yield* Effect.scoped(Effect.gen(function*() {
            const { body } = yield* send(server.url())
            if (body._tag === "Stream") yield* Stream.runDrain(Stream.take(body.stream, count))
            assert.strictEqual(server.sockets.size, 1)
          }))
          yield* untilNoSockets(server)
        }
      }))

    it.effect("of a streamed body through its decoding comes with the scope too", () =>
      Effect.gen(function*() {
        const body = zlib.gzipSync(randomBytes(4_000_000))
        const server = yield* serve((_, response) => {
          response.writeHead(200, { "content-length": 2 * body.length, "content-encoding": "gzip" }).write(body)
        })
        yield* Effect.scoped(Effect.gen(function*() {
          const { body } = yield* send(server.url())
          if (body._tag === "Stream") yield* Stream.runDrain(Stream.take(body.stream, 1))
        }))
        yield* untilNoSockets(server)
      }))
  })
})

describe("NodeTransport.layer", () => {
  it.live("leaves the connection to the next request when one that waits for it is interrupted", () =>
    Effect.gen(function*() {
      const asked = yield* Deferred.make<() => void>()
      const server = yield* serve((message, response) => {
        if (message.url === "/first") Deferred.doneUnsafe(asked, Effect.succeed(() => response.end("first")))
        else response.end(message.url)
      })
      const first = yield* Effect.forkChild(send(server.url("/first")))
      const answer = yield* Deferred.await(asked)
      const waiting = yield* Effect.forkChild(send(server.url("/waiting")), { startImmediately: true })
      yield* Fiber.interrupt(waiting)
      answer()
      yield* Fiber.join(first)
      assert.strictEqual((yield* read(yield* send(server.url("/next")))).toString(), "/next")
      assert.strictEqual(server.accepted(), 1)
    }).pipe(Effect.provide(NodeTransport.layer({ connections: 1, env: {} }))))

  it.live("closes every connection with the layer", () =>
    Effect.gen(function*() {
      const server = yield* serve((_, response) => response.end("ok"))
      yield* Effect.scoped(send(server.url())).pipe(Effect.provide(NodeTransport.layer({ env: {} })))
      yield* untilNoSockets(server)
    }))
})
