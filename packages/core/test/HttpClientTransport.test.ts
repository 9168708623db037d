import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import * as HttpClientTransport from "../src/HttpClientTransport.ts"
import { Transport, type TransportRequest, type TransportResponse } from "../src/Transport.ts"
import { settle } from "./support/time.ts"

const url = new URL("https://storage.example/a%2Fb?signature=x%2By+z%20~&q=%7e")

const send = (options: Partial<TransportRequest> = {}) =>
  Transport.use((transport) =>
    transport.send({
      url,
      headers: { "x-api-key": "topsecret" },
      memoryLimit: 10,
      headersTimeout: Duration.seconds(30),
      idleTimeout: Duration.seconds(10),
      ...options
    })
  )

const read = Effect.fnUntraced(function*(response: TransportResponse) {
  if (response.body._tag === "Bytes") return new TextDecoder().decode(response.body.bytes)
  return yield* Stream.mkString(Stream.decodeText(response.body.stream))
})

/** A client that answers every request the same way; what it was asked is put into `asked`. */
const answering = (answer: () => Response, asked: Array<Request> = []) =>
  HttpClientTransport.layer.pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.provideMerge(Layer.succeed(FetchHttpClient.Fetch, (input, init) => {
      asked.push(new Request(input, init))
      return Promise.resolve(answer())
    }))
  )

const body = (chunks: ReadonlyArray<string>, end: "close" | "error" | "hang" = "close") =>
  new ReadableStream<Uint8Array>({
    start: (controller) => {
      chunks.forEach((chunk) => controller.enqueue(new TextEncoder().encode(chunk)))
      if (end === "close") controller.close()
      if (end === "error") controller.error(Object.assign(new Error("topsecret"), { code: "ECONNRESET" }))
    }
  })

const failure = (layer: Layer.Layer<Transport>, options: Partial<TransportRequest> = {}) =>
  Effect.scoped(Effect.flatMap(send(options), read)).pipe(
    Effect.provide(layer),
    Effect.flip
  )

describe("HttpClientTransport", () => {
  it.effect("requests the URL unchanged, with the given headers, and follows no redirect", () => {
    const asked: Array<Request> = []
    const moved = () => new Response(null, { status: 302, headers: { location: "https://elsewhere.example/" } })
    return Effect.gen(function*() {
      const response = yield* send()
      assert.deepStrictEqual([response.status, response.header("location")], [302, "https://elsewhere.example/"])
      const [request] = asked
      assert.deepStrictEqual([request?.url, request?.redirect], [url.href, "manual"])
      assert.deepStrictEqual(Array.from(request?.headers ?? []), [["x-api-key", "topsecret"]])
    }).pipe(Effect.provide(answering(moved, asked)))
  })

  it.effect("makes no span and sends no trace header within a traced program", () => {
    const names: Array<string> = []
    const asked: Array<Request> = []
    const tracer = Tracer.make({
      span: (options) => {
        names.push(options.name)
        return new Tracer.NativeSpan(options)
      }
    })
    return Effect.gen(function*() {
      yield* Effect.withSpan(send(), "outer")
      assert.deepStrictEqual(names, ["outer"])
      assert.deepStrictEqual(Array.from(asked[0]?.headers.keys() ?? []), ["x-api-key"])
    }).pipe(Effect.withTracer(tracer), Effect.provide(answering(() => new Response("ok"), asked)))
  })

  it.effect("returns one array up to the limit and a stream beyond it", () =>
    Effect.gen(function*() {
      for (const chunks of [[], ["01234", "56789"], ["01234", "56789", "x"], ["0".repeat(100)]]) {
        const text = chunks.join("")
        const [tag, received] = yield* Effect.scoped(Effect.gen(function*() {
          const response = yield* send()
          return [response.body._tag, yield* read(response)] as const
        })).pipe(Effect.provide(answering(() => new Response(body(chunks)))))
        assert.deepStrictEqual([tag, received], [text.length <= 10 ? "Bytes" : "Stream", text])
      }
    }))

  it.effect("takes a response without a body for an empty one", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* read(yield* send()), "")
    }).pipe(Effect.provide(answering(() => new Response(null, { status: 204, headers: { "content-length": "5" } })))))

  it.effect("fails with Truncated if the body is shorter than declared, in either mode", () =>
    Effect.gen(function*() {
      const short = answering(() => new Response(body(["x".repeat(8)]), { headers: { "content-length": "9" } }))
      assert.strictEqual((yield* failure(short)).failure, "Truncated")
      assert.strictEqual((yield* failure(short, { memoryLimit: 3 })).failure, "Truncated")
    }))

  it.effect("does not hold an encoded body's length against the decoded one", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* read(yield* send()), "decoded")
    }).pipe(Effect.provide(answering(() =>
      new Response(body(["decoded"]), { headers: { "content-length": "99", "content-encoding": "gzip" } })
    ))))

  it.effect("fails with Reset if the connection breaks, in either mode, and shows no URL", () =>
    Effect.gen(function*() {
      for (const memoryLimit of [3, 100]) {
        const error = yield* failure(answering(() => new Response(body(["xxxxx"], "error"))), { memoryLimit })
        assert.deepStrictEqual([error.failure, error.code], ["Reset", "ECONNRESET"])
        assert.notInclude(JSON.stringify(error) + String(error.cause), "topsecret")
      }
    }))

  it.effect("fails with Connect if no connection is made", () =>
    Effect.gen(function*() {
      const cause = Object.assign(new Error("connect"), { code: "ECONNREFUSED" })
      const error = yield* failure(answering(() => {
        throw new TypeError("fetch failed", { cause })
      }))
      assert.deepStrictEqual([error.failure, error.code], ["Connect", "ECONNREFUSED"])
    }))

  it.effect("fails with Timeout when no headers come within the time given", () => {
    let aborted = false
    const silent = Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make(() => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (aborted = true))))
    )
    return Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(failure(HttpClientTransport.layer.pipe(Layer.provide(silent))))
      yield* TestClock.adjust("29 seconds")
      assert.isFalse(aborted)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(fiber)).failure, "Timeout")
      assert.isTrue(aborted)
    })
  })

  it.effect("fails with Stalled when the body stops for longer than the time given, in either mode", () =>
    Effect.gen(function*() {
      for (const memoryLimit of [3, 100]) {
        const fiber = yield* Effect.forkChild(
          failure(answering(() => new Response(body(["xxxxx"], "hang"))), { memoryLimit })
        )
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual((yield* Fiber.join(fiber)).failure, "Stalled")
      }
    }))

  it.effect("fails with Stalled when a body for memory comes in chunks for longer than the time given for all", () =>
    Effect.gen(function*() {
      let drip: ReadableStreamDefaultController<Uint8Array> | undefined
      const dripping = new ReadableStream<Uint8Array>({
        start: (controller) => {
          drip = controller
        }
      })
      const fiber = yield* Effect.forkChild(
        failure(answering(() => new Response(dripping)), { answerTimeout: Duration.seconds(8) })
      )
      for (let second = 0; second < 12; second += 6) {
        yield* settle
        yield* TestClock.adjust("6 seconds")
        drip?.enqueue(new Uint8Array(1))
      }
      assert.strictEqual((yield* Fiber.join(fiber)).failure, "Stalled")
    }))

  it.effect("aborts the request when the scope closes", () =>
    Effect.gen(function*() {
      const aborted = yield* Deferred.make<void>()
      const client = HttpClient.make((request, _url, signal) => {
        signal.addEventListener("abort", () => Deferred.doneUnsafe(aborted, Effect.void))
        return Effect.succeed(HttpClientResponse.fromWeb(request, new Response(body(["x".repeat(20)], "hang"))))
      })
      yield* Effect.scoped(send()).pipe(
        Effect.provide(HttpClientTransport.layer.pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, client))))
      )
      yield* Deferred.await(aborted)
    }))
})
