/**
 * Sends responses, complete or with a fault. Bodies are written as fast as the client reads and never held in memory.
 * When a client disconnects, its timers and pumps end.
 */
import { once } from "node:events"
import type { ServerResponse } from "node:http"
import { setTimeout as sleep } from "node:timers/promises"
import { gzipSync } from "node:zlib"
import type { Kind } from "../Fault.ts"
import type { Content } from "./content.ts"

/** An answer before anything happens to it. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: Content
}

/** A body that is at hand. */
export const bytes = (type: string, body: string | Uint8Array): Content => {
  const whole = typeof body === "string" ? Buffer.from(body) : body
  return { type, length: whole.length, chunks: () => [whole] }
}

function* between(content: Content, from: number, to: number): Generator<Uint8Array> {
  let at = 0
  for (const chunk of content.chunks()) {
    if (at >= to) return
    if (at + chunk.length > from) yield chunk.subarray(Math.max(0, from - at), to - at)
    at += chunk.length
  }
}

/** The bytes of a body from one position to before another. */
export const slice = (content: Content, from: number, to: number): Content => ({
  type: content.type,
  length: to - from,
  chunks: () => between(content, from, to)
})

const byteOrderMark = Uint8Array.of(0xef, 0xbb, 0xbf)

function* marked(content: Content): Generator<Uint8Array> {
  yield byteOrderMark
  yield* content.chunks()
}

/** Spoils the body of an answer, which stays a whole HTTP answer. */
export const malformed = (content: Content, as: Extract<Kind, { readonly _tag: "Malformed" }>["as"]): Content => {
  const half = Math.floor(content.length / 2)
  switch (as) {
    case "cut":
      return { ...content, length: half, chunks: () => between(content, 0, half) }
    case "garbage":
      return bytes(content.type, Uint8Array.of(0xff, 0xfe, 0x00, 0x80, 0xc3, 0x28))
    case "empty":
      return bytes(content.type, "")
    case "otherType":
      return bytes(content.type, "[]")
    case "xml":
      return bytes("application/xml", "<?xml version=\"1.0\"?><Error><Code>SlowDown</Code></Error>")
    case "gzip":
      return { ...bytes("", gzipSync(Buffer.concat([...content.chunks()]))), type: content.type }
    case "bom":
      return { ...content, length: content.length + byteOrderMark.length, chunks: () => marked(content) }
  }
}

const writeHead = (response: ServerResponse, { body, headers, status }: Answer): void => {
  response.writeHead(status, { "content-type": body.type, "content-length": body.length, ...headers })
}

const pump = async (response: ServerResponse, chunks: Iterable<Uint8Array>): Promise<void> => {
  for (const chunk of chunks) {
    if (response.destroyed) return
    if (!response.write(chunk)) {
      const gone = new AbortController()
      const close = (): void => gone.abort()
      response.once("close", close)
      await once(response, "drain", { signal: gone.signal }).catch(() => undefined)
      response.off("close", close)
    }
  }
}

const finish = (response: ServerResponse): void => {
  if (!response.destroyed) response.end()
}

const sendWhole = (response: ServerResponse, answer: Answer): void => {
  writeHead(response, answer)
  const chunks = answer.body.chunks()
  if (Array.isArray(chunks) && chunks.length === 1) {
    response.end(chunks[0])
    return
  }
  void pump(response, chunks).then(() => finish(response))
}

/** Calls after a delay, unless the response is over before. */
export const later = (response: ServerResponse, milliseconds: number, run: () => void): void => {
  const timer = setTimeout(run, milliseconds)
  response.once("close", () => clearTimeout(timer))
}

/** Sends the head and the first bytes, and calls when the network has them; at least the last byte is held back. */
const sendPart = (response: ServerResponse, answer: Answer, count: number, then: () => void): void => {
  writeHead(response, answer)
  response.flushHeaders()
  const part = between(answer.body, 0, Math.max(0, Math.min(count, answer.body.length - 1)))
  // a reset may throw away what the client has not read yet: give it a moment
  void pump(response, part).then(() => later(response, 20, then))
}

const slowly = async (response: ServerResponse, answer: Answer, bytesPerSecond: number): Promise<void> => {
  const gone = new AbortController()
  response.once("close", () => gone.abort())
  writeHead(response, answer)
  response.flushHeaders()
  const size = Math.max(1, Math.floor(bytesPerSecond / 20))
  for (const chunk of answer.body.chunks()) {
    for (let at = 0; at < chunk.length; at += size) {
      if (response.destroyed) return
      const piece = chunk.subarray(at, at + size)
      await pump(response, [piece])
      await sleep(piece.length / bytesPerSecond * 1000, undefined, { signal: gone.signal }).catch(() => undefined)
    }
  }
  finish(response)
}

const reset = (response: ServerResponse): void => {
  response.socket?.resetAndDestroy()
}

/** Sends an answer; a fault of the wire spoils it, any other has done its work before. Gives the status, 0 for none. */
export const send = (response: ServerResponse, answer: Answer, fault: Kind | undefined): number => {
  switch (fault?._tag) {
    case "Reset":
      if (fault.afterBytes === undefined) {
        reset(response)
        return 0
      }
      sendPart(response, answer, fault.afterBytes, () => reset(response))
      return answer.status
    case "Truncated":
      if (fault.undeclared === true) {
        response.writeHead(answer.status, { "content-type": answer.body.type, ...answer.headers })
        const half = fault.afterBytes ?? Math.floor(answer.body.length / 2)
        void pump(response, between(answer.body, 0, half)).then(() => finish(response))
        return answer.status
      }
      sendPart(
        response,
        answer,
        fault.afterBytes ?? Math.floor(answer.body.length / 2),
        () => response.socket?.destroySoon()
      )
      return answer.status
    case "Stalled": {
      const close = (): void => later(response, (fault.seconds ?? 120) * 1000, () => response.socket?.destroySoon())
      if (fault.afterBytes === undefined) {
        close()
        return 0
      }
      sendPart(response, answer, fault.afterBytes, close)
      return answer.status
    }
    case "Mislabeled":
      sendWhole(response, { ...answer, headers: { ...answer.headers, ...lowerCased(fault.headers) } })
      return answer.status
    case "Slow":
      void slowly(response, answer, fault.bytesPerSecond)
      return answer.status
    case "Delayed":
      later(response, fault.milliseconds, () => sendWhole(response, answer))
      return answer.status
    case "Malformed": {
      const spoilt = { ...answer, body: malformed(answer.body, fault.as) }
      sendWhole(response, spoilt)
      return spoilt.status
    }
    default:
      sendWhole(response, answer)
      return answer.status
  }
}

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

/** The answer that a fault gives in place of the right one, if it does. */
export const inPlace = (fault: Kind | undefined, now: number): Answer | undefined => {
  switch (fault?._tag) {
    case "Status":
      return {
        status: fault.status,
        body: bytes(fault.contentType ?? "text/plain", fault.body ?? ""),
        // lower case, so that they take the place of the answer's own
        ...(fault.headers === undefined ? {} : { headers: lowerCased(fault.headers) })
      }
    case "Html":
      return { status: fault.status ?? 503, body: bytes("text/html", page) }
    case "Platform":
      return platformError(fault.status ?? 400, fault.code, fault.message ?? fault.code)
    case "RateLimited":
      return tooMany(
        fault.retryAfter === undefined
          ? undefined
          : fault.as === "date"
          ? new Date(now + fault.retryAfter * 1000).toUTCString()
          : String(fault.retryAfter)
      )
    default:
      return undefined
  }
}

const page = "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n" +
  "<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"

/** An answer in JSON. */
export const json = (status: number, value: unknown): Answer => ({
  status,
  body: bytes("application/json; charset=utf-8", JSON.stringify(value))
})

/** `{"error": {code, message}, "success": false}` (documented). */
export const platformError = (status: number, code: string, message: string): Answer =>
  json(status, { error: { code, message }, success: false })

/** 429; the platform's own form is not documented. */
export const tooMany = (retryAfter: string | undefined): Answer => ({
  ...json(429, { message: "Too Many Requests" }),
  ...(retryAfter === undefined ? {} : { headers: { "retry-after": retryAfter } })
})
