/**
 * The transport over any Effect `HttpClient`: for run-times without undici, and for tests without sockets. It turns off
 * the client's spans and trace headers, because URLs and headers carry secrets, and keeps time limits on Effect's
 * clock. The client must not follow redirects (those over `fetch`, undici, and `node:http` do not) and must decode
 * content encodings itself, as `fetch` does: request none if it does not.
 */
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import { monotonicMillis } from "./internal/monotonic.ts"
import {
  isTlsCode,
  Transport,
  type TransportBody,
  TransportError,
  type TransportFailure,
  type TransportRequest,
  type TransportResponse
} from "./Transport.ts"

type Chunks = Arr.NonEmptyReadonlyArray<Uint8Array>
type BodyPull = Pull.Pull<Chunks, TransportError>

const make = (client: HttpClient.HttpClient): Transport["Service"] => {
  const scoped = HttpClient.withScope(client)
  return {
    send: Effect.fnUntraced(function*(request: TransportRequest) {
      const dueAt = request.answerTimeout === undefined
        ? Number.POSITIVE_INFINITY
        : (yield* monotonicMillis) + Duration.toMillis(request.answerTimeout)
      // As text: with a URL object, the client would encode the query again and break signatures.
      const response = yield* scoped.execute(HttpClientRequest.get(request.url.href, { headers: request.headers }))
        .pipe(
          Effect.mapError((error) => failure(error, "Connect")),
          Effect.timeoutOrElse({
            duration: request.headersTimeout,
            orElse: () => Effect.fail(new TransportError({ failure: "Timeout" }))
          })
        )
      const header = (name: string) => Object.hasOwn(response.headers, name) ? response.headers[name] : undefined
      const hasBody = response.status !== 204 && response.status !== 304
      const pull = yield* Stream.toPull(Stream.catch(
        response.stream,
        (error) => error.reason._tag === "EmptyBodyError" ? Stream.empty : Stream.fail(failure(error, "Reset"))
      ))
      const body = yield* collect(
        verified(pull, hasBody ? declaredLength(header) : undefined, request),
        request.memoryLimit,
        dueAt
      )
      return { status: response.status, header, body } satisfies TransportResponse
    }, (effect) =>
      effect.pipe(
        Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
        Effect.provideService(HttpClient.TracerPropagationEnabled, false),
        Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" })
      ))
  }
}

// The length is that of the encoded bytes, and the client has decoded them.
const declaredLength = (header: (name: string) => string | undefined): number | undefined => {
  const encoding = header("content-encoding")
  const length = header("content-length")
  if (length === undefined || !/^\d{1,15}$/.test(length)) return undefined
  return encoding === undefined || encoding === "" || encoding === "identity" ? Number(length) : undefined
}

/** The body with its idle time and its length seen to. */
const verified = (pull: BodyPull, declared: number | undefined, { idleTimeout }: TransportRequest): BodyPull => {
  let received = 0
  return pull.pipe(
    Effect.timeoutOrElse({
      duration: idleTimeout,
      orElse: () => Effect.fail(new TransportError({ failure: "Stalled" }))
    }),
    Effect.tap((chunks) => {
      for (const chunk of chunks) received += chunk.byteLength
      return declared !== undefined && received > declared
        ? Effect.fail(new TransportError({ failure: "Protocol" }))
        : Effect.void
    }),
    Pull.catchDone((): BodyPull =>
      declared !== undefined && received < declared
        ? Effect.fail(new TransportError({ failure: "Truncated" }))
        : Cause.done()
    )
  )
}

/** Reads up to the limits; what is longer becomes a stream with what was read as its beginning. */
const collect = Effect.fnUntraced(function*(pull: BodyPull, memoryLimit: number, dueAt: number) {
  const read: Array<Uint8Array> = []
  let size = 0
  const next = Pull.matchEffect(pull, {
    onSuccess: (chunks) => Effect.succeed<Chunks | undefined>(chunks),
    onFailure: Effect.failCause,
    onDone: () => Effect.undefined
  })
  for (let chunks = yield* next; chunks !== undefined; chunks = yield* next) {
    if ((yield* monotonicMillis) > dueAt) return yield* new TransportError({ failure: "Stalled" })
    read.push(...chunks)
    for (const chunk of chunks) size += chunk.byteLength
    if (size > memoryLimit) return { _tag: "Stream", stream: streamOf(read, pull) } satisfies TransportBody
  }
  return { _tag: "Bytes", bytes: concat(read, size) } satisfies TransportBody
})

const streamOf = (
  read: ReadonlyArray<Uint8Array>,
  pull: BodyPull
): Stream.Stream<Uint8Array, TransportError> => {
  let opened = false
  return Stream.suspend(() => {
    if (opened) return Stream.die(new Error("The body of a response can be read once"))
    opened = true
    return Stream.concat(Stream.fromArray(read), Stream.fromPull(Effect.succeed(pull)))
  })
}

const concat = (chunks: ReadonlyArray<Uint8Array>, size: number): Uint8Array => {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}

/**
 * Names an error of the client by the first system code in its chain of causes, or `otherwise`. Its message is dropped,
 * because it holds the URL.
 */
const failure = (error: HttpClientError, otherwise: TransportFailure): TransportError => {
  if (error.reason._tag === "InvalidUrlError") return new TransportError({ failure: "Protocol" })
  let cause = error.reason.cause
  while (cause instanceof Error) {
    const code: unknown = "code" in cause ? cause.code : undefined
    if (typeof code === "string") {
      return new TransportError({ failure: byCode[code] ?? (isTlsCode(code) ? "Tls" : otherwise), code })
    }
    cause = cause.cause
  }
  return new TransportError({ failure: otherwise })
}

const byCode: Readonly<Record<string, TransportFailure>> = {
  ECONNRESET: "Reset",
  EPIPE: "Reset",
  UND_ERR_SOCKET: "Reset",
  UND_ERR_HEADERS_TIMEOUT: "Timeout",
  UND_ERR_BODY_TIMEOUT: "Stalled",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "Truncated",
  UND_ERR_HEADERS_OVERFLOW: "Protocol",
  Z_BUF_ERROR: "Protocol",
  Z_DATA_ERROR: "Protocol"
}

/**
 * Provides the transport over the `HttpClient` in its context. Costs two to three times the CPU of undici alone.
 */
export const layer: Layer.Layer<Transport, never, HttpClient.HttpClient> = Layer.effect(
  Transport,
  Effect.map(HttpClient.HttpClient, make)
)
