/** Responses of the storage's origin: checks key and signature as S3 would, and returns the file. No sockets here. */
import type { IncomingHttpHeaders } from "node:http"
import type { Context } from "./api.ts"
import { hashText, hex32 } from "./random.ts"
import * as Signing from "./signing.ts"
import { type Answer, bytes, slice } from "./wire.ts"
import type { Target } from "./world.ts"

/** An error in the XML of S3. */
export const xml = (status: number, code: string, message: string): Answer => ({
  status,
  body: bytes(
    "application/xml",
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>` +
      "<RequestId>4442587FB7D0A2F9</RequestId></Error>"
  )
})

export const accessDenied = (): Answer => xml(403, "AccessDenied", "Access Denied")

export const noSuchKey = (): Answer => xml(404, "NoSuchKey", "The specified key does not exist.")

/** Returns whether a request has the header `x-api-key`, or the text of the API key in another header or in its URL. */
export const bearsKey = (headers: IncomingHttpHeaders, target: string, apiKey: string): boolean => {
  if (headers["x-api-key"] !== undefined || target.includes(encodeURIComponent(apiKey))) return true
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined && (typeof value === "string" ? value : value.join()).includes(apiKey)) return true
  }
  return false
}

/** Why a request is refused, or undefined. */
export const refusal = (
  { now, secret }: Context,
  path: string,
  query: string
): { readonly why: "signature" | "expired"; readonly answer: Answer } | undefined => {
  switch (Signing.check(secret, path, query, now())) {
    case "good":
      return undefined
    case "unsigned":
      return { why: "signature", answer: accessDenied() }
    case "bad":
      return {
        why: "signature",
        answer: xml(
          403,
          "SignatureDoesNotMatch",
          "The request signature we calculated does not match the signature you provided."
        )
      }
    case "expired":
      return { why: "expired", answer: xml(403, "AccessDenied", "Request has expired") }
  }
}

/** The file behind a target. */
export const object = ({ world }: Context, target: Target | undefined): Answer => {
  const content = target === undefined ? undefined : world.content(target)
  if (target === undefined || content === undefined) return noSuchKey()
  const { place, revision, seed } = world.request(target.state, target.index)
  const tag = hex32(hashText(seed, `${place.batch}/${place.index}/${revision}/${JSON.stringify(target.part)}`))
  return { status: 200, body: content, headers: { etag: `"${tag}"`, "accept-ranges": "bytes" } }
}

/** The part of a file that a `Range` header asks for, as 206, or 416 when it is past the end; else the answer itself. */
export const ranged = (answer: Answer, range: string | undefined): Answer => {
  const asked = /^bytes=(?:(\d+)-(\d*)|-(\d+))$/.exec(range ?? "")
  if (answer.status !== 200 || asked === null) return answer
  const { length } = answer.body
  const [, first, last, suffix] = asked
  const from = first === undefined ? Math.max(0, length - Number(suffix)) : Number(first)
  const to = first === undefined || last === "" ? length - 1 : Math.min(Number(last), length - 1)
  if (from > to) {
    const refused = xml(416, "InvalidRange", "The requested range is not satisfiable")
    return { ...refused, headers: { "content-range": `bytes */${length}` } }
  }
  return {
    status: 206,
    body: slice(answer.body, from, to + 1),
    headers: { ...answer.headers, "content-range": `bytes ${from}-${to}/${length}` }
  }
}
