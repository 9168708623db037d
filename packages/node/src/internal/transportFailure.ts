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
      // undici has one code for a peer that hung up and for one that answered out of turn.
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

/** Classifies what undici or a socket reported. */
export const fromDispatch = (cause: unknown, phase: Phase): Transport.TransportError => {
  const code = codeOf(cause)
  return make(failureOf(code, cause, phase), code)
}

/** Classifies what went wrong while a content encoding was undone. */
export const fromDecoding = (cause: unknown): Transport.TransportError =>
  cause instanceof Transport.TransportError ? cause : make("Protocol", codeOf(cause))

/** Makes the error, with the code where there is one. */
export const make = (failure: Transport.TransportFailure, code?: string): Transport.TransportError =>
  new Transport.TransportError(code === undefined ? { failure } : { failure, code })
