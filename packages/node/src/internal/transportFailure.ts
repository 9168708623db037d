/**
 * Names what undici, the sockets and zlib report in the transport's own words. Only the error's code is kept: messages
 * of these libraries name hosts, addresses and sometimes URLs.
 */
import { Transport } from "@labelstream/core"

/** How far an exchange had come when it broke: the same socket error means another thing in each phase. */
export type Phase = "connecting" | "headers" | "body"

const codeOf = (cause: unknown): string | undefined => {
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined
  return typeof code === "string" && code !== "" ? code : undefined
}

const failureOf = (code: string | undefined, cause: unknown, phase: Phase): Transport.TransportFailure => {
  if (phase === "connecting") {
    if (code !== undefined && Transport.isTlsCode(code)) return "Tls"
    return code === "UND_ERR_INVALID_ARG" ? "Protocol" : "Connect"
  }
  switch (code) {
    case "UND_ERR_HEADERS_TIMEOUT":
      return "Timeout"
    case "UND_ERR_BODY_TIMEOUT":
      return "Stalled"
    case "UND_ERR_RES_CONTENT_LENGTH_MISMATCH":
      // Also reported for any error of the parser between a length declared and the end of the headers.
      return phase === "body" ? "Truncated" : "Protocol"
    case "UND_ERR_SOCKET": {
      const message = cause instanceof Error ? cause.message : ""
      // undici has one code for a peer that hung up and for one that responded out of turn.
      if (message === "bad response" || message === "bad upgrade") return "Protocol"
      // An orderly end of the connection within a body is a short body; anything else broke it.
      return phase === "body" && message === "other side closed" ? "Truncated" : "Reset"
    }
    case "UND_ERR_HEADERS_OVERFLOW":
    case "UND_ERR_INVALID_ARG":
      return "Protocol"
    default:
      // The parser's errors do not all have a code.
      if (!(cause instanceof Error && cause.name === "HTTPParserError")) return "Reset"
      return cause.message.includes("(Invalid EOF state)") ? phase === "body" ? "Truncated" : "Reset" : "Protocol"
  }
}

/** The status with which a proxy refused, in the words of undici, whose errors have no field for it. */
const refusal = /^Proxy (?:response|Authentication Required) \((\d{3})\)/

/** The code of an error that is the proxy's: it refused, broke off, or was itself not to be reached. */
const proxyCode = (cause: unknown, code: string | undefined, proxy: URL): string | undefined => {
  if (!(cause instanceof Error)) return undefined
  const status = refusal.exec(cause.message)?.[1]
  if (status !== undefined) return `PROXY_${status}`
  if (code === "UND_ERR_PRX_CONN" || code === "UND_ERR_PRX_TLS") return code
  const { hostname, port } = cause as { readonly hostname?: unknown; readonly port?: unknown }
  const own = proxy.port === "" ? (proxy.protocol === "https:" ? "443" : "80") : proxy.port
  const isOwn = hostname === proxy.hostname || String(port) === own ||
    cause.message.includes(`(attempted address: ${proxy.hostname}:${own}`)
  return isOwn ? code ?? "" : undefined
}

/** Classifies what undici or a socket reported, of a request that this proxy may have been asked for. */
export const fromDispatch = (cause: unknown, phase: Phase, proxy?: URL): Transport.TransportError => {
  const code = codeOf(cause)
  if (proxy === undefined) return make(failureOf(code, cause, phase), code)
  const ofProxy = phase === "body" ? undefined : proxyCode(cause, code, proxy)
  const failure = ofProxy === undefined ? failureOf(code, cause, phase) : "Proxy"
  const shown = ofProxy ?? code
  return new Transport.TransportError({
    failure,
    ...(shown === undefined || shown === "" ? {} : { code: shown }),
    ...(failure === "Proxy" || failure === "Tls" ? { proxy: proxy.host } : {})
  })
}

/** Classifies what went wrong while a content encoding was undone. */
export const fromDecoding = (cause: unknown): Transport.TransportError =>
  cause instanceof Transport.TransportError ? cause : make("Protocol", codeOf(cause))

/** Makes the error, with the code if there is one. */
export const make = (failure: Transport.TransportFailure, code?: string): Transport.TransportError =>
  new Transport.TransportError(code === undefined ? { failure } : { failure, code })
