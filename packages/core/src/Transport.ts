/**
 * One HTTP exchange, as little as this library needs of it: GET, no redirect followed, small bodies as one array and
 * large ones as a stream. What sends the request is chosen by the application: undici through `@labelstream/node`, or
 * any Effect `HttpClient` through `layerHttpClient`.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { TaggedError } from "./internal/taggedError.ts"

/**
 * What went wrong on the wire.
 *
 * - `Connect`: no connection (refused, unknown host)
 * - `Tls`: the peer's certificate is not trusted, or it does not speak TLS
 * - `Proxy`: the proxy cannot be reached, or refuses to connect: its answer 407 has the code `PROXY_407`
 * - `Reset`: the connection broke before the answer was whole
 * - `Truncated`: the body ended before its declared length
 * - `Stalled`: no byte for longer than the idle timeout, or not the whole body within the answer timeout
 * - `Timeout`: no response headers in time
 * - `Protocol`: the peer's answer is not HTTP, or its content encoding could not be undone
 */
export const TransportFailure = Schema.Literals([
  "Connect",
  "Tls",
  "Proxy",
  "Reset",
  "Truncated",
  "Stalled",
  "Timeout",
  "Protocol"
])

export type TransportFailure = typeof TransportFailure.Type

/**
 * An exchange failed below HTTP. Carries no URL and no header, so that it may be shown as it is.
 */
export class TransportError extends TaggedError<TransportError>()("TransportError", {
  failure: TransportFailure,
  /** The system's error code, such as `ECONNREFUSED`, if there is one. */
  code: Schema.optionalKey(Schema.String),
  /** The host that was asked. The client adds it; a transport need not. */
  host: Schema.optionalKey(Schema.String),
  /** Host and port of the proxy that the environment names for it. */
  proxy: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    return this.code === undefined ? this.failure : `${this.failure} (${this.code})`
  }
}

/** Whether an error's code says that TLS cannot be spoken with a peer: OpenSSL's, or Node's own for certificates. */
export const isTlsCode = (code: string): boolean =>
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_(?:GET|VERIFY|DECODE|DECRYPT)_|DEPTH_ZERO_|SELF_SIGNED_)|^(?:INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|EPROTO)$/
    .test(code)

/** A GET request. Nothing is added to the headers but what the protocol needs (host, connection). */
export interface TransportRequest {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** Bodies up to this many bytes arrive as one array; longer ones as a stream. */
  readonly memoryLimit: number
  /** From sending to response headers. */
  readonly headersTimeout: Duration.Duration
  /** Longest wait between two pieces of the body. */
  readonly idleTimeout: Duration.Duration
  /**
   * Longest time from sending to the end of a body that comes as one array, looked at when a piece of it arrives; then it
   * is `Stalled`. Bounds the wait for a peer that sends byte by byte. Default: no limit.
   */
  readonly answerTimeout?: Duration.Duration
}

/** Body of a response, after any content encoding was undone and its declared length verified. */
export type TransportBody =
  | { readonly _tag: "Bytes"; readonly bytes: Uint8Array }
  | { readonly _tag: "Stream"; readonly stream: Stream.Stream<Uint8Array, TransportError> }

/** The peer's answer, whatever its status. */
export interface TransportResponse {
  readonly status: number
  /** The header of this lower-case name, or undefined. Each character is one byte of it (latin1), as HTTP has it. */
  readonly header: (name: string) => string | undefined
  readonly body: TransportBody
}

/** An HTTP date in milliseconds. Every form of one begins with the day's name; `Date.parse` alone takes `-5` for a date. */
const httpDate = (value: string | undefined): number =>
  value !== undefined && /^\s*[a-z]{3}/i.test(value) ? Date.parse(value) : Number.NaN

/**
 * `Retry-After` in milliseconds from now: delta seconds or an HTTP date. Null where absent or unreadable. A date is of the
 * server's clock, and so is the answer's `Date`: ours, which may be hours off, counts only where that is missing.
 */
export const retryAfterMillis = (response: Pick<TransportResponse, "header">, now: number): number | null => {
  const value = response.header("retry-after")?.trim()
  if (value === undefined || value === "") return null
  if (/^\d+(\.\d+)?$/.test(value)) return Math.min(Number(value) * 1000, Number.MAX_SAFE_INTEGER)
  const [date, answeredAt] = [httpDate(value), httpDate(response.header("date"))]
  return Number.isNaN(date) ? null : Math.max(0, date - (Number.isNaN(answeredAt) ? now : answeredAt))
}

/**
 * Sends one request and returns when the headers and, for a body within `memoryLimit`, the body are there. The
 * connection of a streamed body is given up when the scope closes; a stream can be run once. Interruption aborts the
 * request. Redirects come back as they are.
 */
export class Transport extends Context.Service<Transport, {
  readonly send: (request: TransportRequest) => Effect.Effect<TransportResponse, TransportError, Scope.Scope>
}>()("@labelstream/core/Transport") {}
