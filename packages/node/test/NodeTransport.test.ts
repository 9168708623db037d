import { assert, describe, it, layer } from "@effect/vitest"
import { Transport } from "@labelstream/core"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { randomBytes } from "node:crypto"
import * as zlib from "node:zlib"
import { NodeTransport } from "../src/index.ts"
import { closedPort, serve, serveRaw, type TestServer } from "./support/servers.ts"

const request = (url: URL, options: Partial<Transport.TransportRequest> = {}): Transport.TransportRequest => ({
  url,
  headers: {},
  memoryLimit: 1024 * 1024,
  headersTimeout: Duration.seconds(10),
  idleTimeout: Duration.seconds(10),
  ...options
})

const send = (url: URL, options: Partial<Transport.TransportRequest> = {}) =>
  Transport.Transport.use((transport) => transport.send(request(url, options)))

const read = Effect.fnUntraced(function*(response: Transport.TransportResponse) {
  if (response.body._tag === "Bytes") return Buffer.from(response.body.bytes)
  return Buffer.concat(yield* Stream.runCollect(response.body.stream))
})

/** The failure of an exchange read to its end, in either mode. */
const failure = (url: URL, options: Partial<Transport.TransportRequest> = {}) =>
  Effect.scoped(Effect.flatMap(send(url, options), read)).pipe(
    Effect.flip
  )

const untilNoSockets = (server: TestServer) =>
  Effect.sync(() => server.sockets.size === 0).pipe(Effect.repeat({ until: (none) => none }))

const modes = [{ mode: "in memory", memoryLimit: 1024 * 1024 }, { mode: "as a stream", memoryLimit: 10 }] as const

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

  describe("failure", () => {
    it.effect.each(modes)(
      "is Truncated for a body shorter than declared, $mode",
      ({ memoryLimit }) =>
        Effect.gen(function*() {
          const server = yield* serveRaw((socket, head) => {
            const connection = head.includes("GET /close") ? "connection: close\r\n" : ""
            socket.end(`HTTP/1.1 200 OK\r\n${connection}content-length: 100\r\n\r\n${"x".repeat(50)}`)
          })
          assert.strictEqual((yield* failure(server.url("/close"), { memoryLimit })).failure, "Truncated")
          assert.strictEqual((yield* failure(server.url("/keep"), { memoryLimit })).failure, "Truncated")
        })
    )

    it.effect.each(modes)(
      "is Truncated for a chunked body without its last chunk, $mode",
      ({ memoryLimit }) =>
        Effect.gen(function*() {
          const server = yield* serveRaw((socket, head) => {
            const connection = head.includes("GET /close") ? "connection: close\r\n" : ""
            socket.end(
              `HTTP/1.1 200 OK\r\n${connection}transfer-encoding: chunked\r\n\r\n14\r\n01234567890123456789\r\n`
            )
          })
          assert.strictEqual((yield* failure(server.url("/close"), { memoryLimit })).failure, "Truncated")
          assert.strictEqual((yield* failure(server.url("/keep"), { memoryLimit })).failure, "Truncated")
        })
    )

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

    it.effect("is Stalled when a body that is to come as one array comes byte by byte for too long", () =>
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

    it.effect("is no stall while it is the reader who takes time", () =>
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
