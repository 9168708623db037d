import { assert, describe, it } from "@effect/vitest"
import { GtStudioError, Transport } from "@labelstream/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as http from "node:http"
import { NodeTransport } from "../src/index.ts"
import { closedPort, serve, serveRaw } from "./support/servers.ts"

type Env = Readonly<Record<string, string>>

const send = (url: URL, env: Env) =>
  Transport.Transport.use(({ send }) =>
    send({
      url,
      headers: {},
      memoryLimit: 1000,
      headersTimeout: Duration.seconds(5),
      idleTimeout: Duration.seconds(5)
    })
  ).pipe(
    Effect.map(({ body }) => body._tag === "Bytes" ? Buffer.from(body.bytes).toString() : "a stream"),
    Effect.scoped,
    Effect.provide(NodeTransport.layer({ env, connectTimeout: "5 seconds" }))
  )

/** What is said of a request that fails. */
const failed = Effect.fnUntraced(function*(url: URL, env: Env) {
  const error = yield* Effect.flip(send(url, env))
  assert(error._tag === "TransportError", error.message)
  const { code, failure, proxy } = error
  return {
    failure,
    code,
    proxy,
    reason: new GtStudioError.ConnectionFailed({
      failure,
      host: url.host,
      ...(code === undefined ? {} : { code }),
      ...(proxy === undefined ? {} : { proxy })
    })
  }
})

const tunnelRefused = (status: number) =>
  serveRaw((socket) => socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`))

const studio = new URL("https://studio.invalid/x")

describe("proxies of the environment", () => {
  const byProxy: http.RequestListener = (_, response) => response.end("by proxy")
  const directly: http.RequestListener = (_, response) => response.end("direct")

  it.live("are named by a URL or by host and port, in either case", () =>
    Effect.gen(function*() {
      const [proxy, server] = [yield* serve(byProxy), yield* serve(directly)]
      const { host, origin } = proxy.url()
      for (const env of [{ HTTP_PROXY: origin }, { http_proxy: host }, { HTTP_PROXY: `user:pass@${host}` }]) {
        assert.strictEqual(yield* send(server.url(), env), "by proxy")
      }
      assert.strictEqual(yield* send(server.url(), { HTTPS_PROXY: origin }), "direct")
      assert.strictEqual(yield* send(server.url(), { http_proxy: "", HTTP_PROXY: "" }), "direct")
    }))

  it.live.each(
    [
      ["127.0.0.1", "direct"],
      ["127.0.0.0/8", "direct"],
      ["example.com, 10.0.0.0/8 127.0.0.1/32", "direct"],
      ["0.0.0.0/0", "direct"],
      ["10.0.0.0/8,fd00::/8", "by proxy"],
      ["127.0.0.0/33,/8,x/8", "by proxy"]
    ] as const
  )("are passed by for what NO_PROXY excepts: %s", ([noProxy, expected]) =>
    Effect.gen(function*() {
      const [proxy, server] = [yield* serve(byProxy), yield* serve(directly)]
      assert.strictEqual(yield* send(server.url(), { HTTP_PROXY: proxy.url().origin, NO_PROXY: noProxy }), expected)
    }))

  it.live.each(["ftp://host:1", "http://", "host:port", "http://a b", "http://u:%zz-s3cret@host:1"])(
    "that cannot be used are named by their variable, and not shown: %s",
    (value) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(send(studio, { https_proxy: value }))
        assert.strictEqual(error._tag, "OptionError")
        assert.match(error.message, /^https_proxy: /)
        assert.notInclude(error.message, "s3cret")
      })
  )

  it.live.each(
    [
      [407, "later", /asks for a user and a password \(HTTP 407\)/],
      [403, "later", /does not connect to studio.invalid \(HTTP 403\)/],
      [502, "budget", /does not connect to studio.invalid \(HTTP 502\)/]
    ] as const
  )("that refuse a tunnel with %d are named", ([status, patience, message]) =>
    Effect.gen(function*() {
      const proxy = yield* tunnelRefused(status)
      const { code, failure, reason } = yield* failed(studio, { https_proxy: `u:s3cret@${proxy.url().host}` })
      assert.deepStrictEqual([failure, code, reason.patience], ["Proxy", `PROXY_${status}`, patience])
      assert.match(reason.message, message)
      assert.include(reason.message, proxy.url().host)
      assert.notInclude(reason.message, "s3cret")
    }))

  it.live("that want a password for plain HTTP are named", () =>
    Effect.gen(function*() {
      const proxy = yield* tunnelRefused(407)
      const { code, failure } = yield* failed(new URL("http://studio.invalid/x"), { http_proxy: proxy.url().host })
      assert.deepStrictEqual([failure, code], ["Proxy", "PROXY_407"])
    }))

  it.live("that cannot be reached are named, and retried", () =>
    Effect.gen(function*() {
      const dead = yield* closedPort
      const hangsUp = yield* serveRaw((socket) => socket.destroy())
      for (const host of [dead.host, hangsUp.url().host, "proxy.invalid:3128"]) {
        const { failure, reason } = yield* failed(studio, { https_proxy: host })
        assert.strictEqual(failure, "Proxy")
        assert.strictEqual(reason.patience, "budget")
        assert.include(reason.message, `no connection to the proxy ${host}`)
        assert.include(reason.message, "HTTPS_PROXY")
      }
    }))

  it.live("are not blamed for a host that is unreachable without them", () =>
    Effect.gen(function*() {
      const { failure, reason } = yield* failed(yield* closedPort, {
        HTTP_PROXY: "proxy.invalid:1",
        NO_PROXY: "127.0.0.0/8"
      })
      assert.strictEqual(failure, "Connect")
      assert.notInclude(reason.message, "proxy")
    }))
})

describe("TLS that cannot be spoken", () => {
  it.live("differs from an unreachable host, says what to do, and is not retried in this run", () =>
    Effect.gen(function*() {
      const plain = yield* serve((_, response) => response.end())
      const { failure, proxy, reason } = yield* failed(new URL(`https://${plain.url().host}`), {})
      assert.deepStrictEqual([failure, proxy, reason.patience], ["Tls", undefined, "later"])
      assert.include(reason.message, "NODE_EXTRA_CA_CERTS")
    }))
})
