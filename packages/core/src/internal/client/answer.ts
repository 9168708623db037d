import * as Reasons from "../../GtStudioError.ts"
import { retryAfterMillis, type TransportResponse } from "../../Transport.ts"
import { isObject, parseBytes } from "../document/exactJson.ts"
import { FileCheck } from "./fileCheck.ts"

/** Why an answer is not the one asked for. */
export interface Refusal {
  readonly reason: Reasons.Reason
  readonly status?: number
  readonly code?: string
  /** Whether going on is useless: the key is refused, and not access to one thing. */
  readonly isFatal?: boolean
}

/** An answer turned into what was asked for, or into why it is not. */
export type Answer<A> = { readonly _tag: "Given"; readonly value: A } | {
  readonly _tag: "Refused"
  readonly refusal: Refusal
}

export const given = <A>(value: A): Answer<A> => ({ _tag: "Given", value })

export const refused = (refusal: Refusal): Answer<never> => ({ _tag: "Refused", refusal })

/** Codes of the platform's documented error table that say more than their HTTP status, which is mostly 400. */
const reasonOfCode = (code: string, message: string, key: string): Reasons.Reason | undefined => {
  switch (code) {
    case "auth-failure":
    case "core.webutil.token_auth":
    case "unauthorized_request":
      return new Reasons.InvalidKey()
    case "unauthorized":
    case "core.webutil.auther":
      return new Reasons.Forbidden()
    case "resource_error":
    case "FS_0006":
      return new Reasons.NotFound()
    case "FS_0000":
    case "FS_0008":
    case "api_error":
      return new Reasons.ServerError({ detail: "it asks to try again later" })
    case "FS_0007":
      return new Reasons.AttachmentMissing()
    case "invalid_request_error":
      return new Reasons.BadRequest({ detail: "it does not accept the page token" })
    case "GE_0001":
      return new Reasons.BadRequest({ detail: "it does not accept one of the ids" })
    default:
      return message === "" ? undefined : new Reasons.BadRequest({ detail: short(message, key) })
  }
}

/**
 * Texts of the platform may repeat what was sent to it: shown short, on one line, without the key and anything like a
 * URL or a query.
 */
const short = (text: string, key: string) =>
  text.replaceAll(key, "<key>").slice(0, 2000)
    .replace(/\S*(?::\/\/|[?&][\w.-]+=)\S*/g, "<url>").replace(/[\p{Cc}\s]+/gu, " ").trim().slice(0, 200)

/** Codes are words. Anything else that is in their place could be anything. */
const isCode = (text: string, key: string) => /^[\w.-]{1,64}$/.test(text) && !text.includes(key)

const reasonOfStatus = (status: number, retryAfterMillis: number | null): Reasons.Reason => {
  if (status === 401) return new Reasons.InvalidKey()
  if (status === 403) return new Reasons.Forbidden()
  if (status === 404 || status === 410) return new Reasons.NotFound()
  // An empty or truncated response is not a refusal: a proxy may have damaged it, and the next one may be complete.
  if (status > 200 && status < 300) {
    return new Reasons.MalformedResponse({ detail: `it comes with HTTP ${status}`, syntax: true })
  }
  return transientStatus(status, retryAfterMillis) ??
    new Reasons.BadRequest({ detail: `it responds with HTTP ${status}` })
}

/** 408, 443, 444 and 5xx pass; so says the vendor's own client. 429, and 503 that names a time, ask for patience. */
export const transientStatus = (status: number, retryAfterMillis: number | null): Reasons.Reason | undefined => {
  if (status === 429 || (status === 503 && retryAfterMillis !== null)) {
    return new Reasons.Throttled({ retryAfterMillis })
  }
  if (status === 408 || status === 443 || status === 444 || status >= 500) {
    return new Reasons.ServerError({ detail: `it responds with HTTP ${status}` })
  }
  return undefined
}

/** The media type that an answer names, in lower case and without parameters, or null. */
export const mediaType = (response: TransportResponse): string | null => {
  const value = response.header("content-type")?.split(";", 1)[0]?.trim().toLowerCase()
  return value === undefined || value === "" ? null : value
}

/** An error body of the platform is far smaller than this. */
const envelopeLimit = 16 * 1024

interface Envelope {
  readonly data: unknown
  readonly success: boolean
  readonly code: string
  readonly message: string
}

/** Reads the platform's envelope: `{"data", "success"}` or `{"error": {"code", "message"}, "success": false}`. */
const readEnvelope = (json: unknown): Envelope | undefined => {
  if (!isObject(json)) return undefined
  const error = isObject(json["error"]) ? json["error"] : undefined
  return {
    data: json["data"],
    success: json["success"] !== false && error === undefined,
    code: typeof error?.["code"] === "string" ? error["code"] : "",
    message: typeof error?.["message"] === "string" ? error["message"] : ""
  }
}

/**
 * Classifies an answer of the API that is not a success: statuses that pass first, then its error code, then its status.
 * Nothing of the key comes out, should the platform repeat it.
 */
export const apiRefusal = (response: TransportResponse, now: number, key: string): Refusal => {
  const { status } = response
  const after = retryAfterMillis(response, now)
  const json = response.body._tag === "Bytes" ? parseBytes(response.body.bytes) : undefined
  const envelope = readEnvelope(json)
  const code = envelope !== undefined && isCode(envelope.code, key) ? { code: envelope.code } : {}
  const transient = transientStatus(status, after)
  const reason = transient ??
    reasonOfCode(envelope?.code ?? "", status === 400 || status === 200 ? envelope?.message ?? "" : "", key) ??
    (status === 200
      ? new Reasons.BadRequest({ detail: "the response says success: false without a code" })
      : reasonOfStatus(status, after))
  return { reason, status, ...code }
}

/** Returns the `data` of a successful response of the API, or why there is none. */
export const apiData = (response: TransportResponse, now: number, key: string): Answer<unknown> => {
  if (response.status !== 200) return refused(apiRefusal(response, now, key))
  if (response.body._tag === "Stream") {
    const reason = new Reasons.MalformedResponse({ detail: "it is too large to be one", syntax: false })
    return refused({ reason, status: 200 })
  }
  const envelope = readEnvelope(parseBytes(response.body.bytes))
  if (envelope === undefined) {
    const check = new FileCheck("")
    check.take(response.body.bytes)
    const came = check.fault(mediaType(response))
    const detail = came === undefined ? "it is not a JSON object" : `it is ${came.detail}`
    return refused({ reason: new Reasons.MalformedResponse({ detail, syntax: true }), status: 200 })
  }
  return envelope.success ? given(envelope.data) : refused(apiRefusal(response, now, key))
}

/**
 * The refusal in an answer of HTTP 200 where a file was asked for: the platform may say `success: false` there too, and
 * a gateway in front of it may answer with its own page.
 */
export const envelopeFailure = (response: TransportResponse, now: number, key: string): Refusal | undefined => {
  if (mediaType(response) === "text/html") {
    const detail = "it is a web page where a file was asked for"
    return { reason: new Reasons.MalformedResponse({ detail, syntax: true }), status: 200 }
  }
  if (response.body._tag === "Stream" || response.body.bytes.length > envelopeLimit) return undefined
  const json = parseBytes(response.body.bytes)
  const envelope = readEnvelope(json)
  if (envelope === undefined || envelope.success) return undefined
  const isSaid = isObject(json) && json["success"] === false
  return isSaid || envelope.code !== "" ? apiRefusal(response, now, key) : undefined
}

/** Classifies an answer of the storage behind a signed link that is neither success nor redirect. */
export const storageRefusal = (response: TransportResponse, now: number): Refusal => {
  const { status } = response
  const transient = transientStatus(status, retryAfterMillis(response, now))
  if (transient !== undefined) return { reason: transient, status }
  if (status === 404 || status === 410) return { reason: new Reasons.AttachmentMissing(), status }
  if (status > 200 && status < 300) {
    return { reason: new Reasons.NotTheFile({ detail: `a response of HTTP ${status}`, kind: "error" }), status }
  }
  return { reason: new Reasons.SignedUrlRejected(), status }
}
