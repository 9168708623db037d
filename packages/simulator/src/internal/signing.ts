/**
 * Signed URLs of the storage. They look like presigned S3 URLs and are checked like them, but the signature is a plain
 * HMAC of path, date and lifetime (the real derivation adds nothing to a test).
 */
import { createHmac, timingSafeEqual } from "node:crypto"

const algorithm = "AWS4-HMAC-SHA256"

const stamp = (milliseconds: number): string => new Date(milliseconds).toISOString().replace(/[-:]|\.\d+/g, "")

const readStamp = (text: string): number => {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (parts === null) return Number.NaN
  const [, year, month, day, hour, minute, second] = parts.map(Number) as [
    0,
    number,
    number,
    number,
    number,
    number,
    number
  ]
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

const sign = (secret: string, path: string, date: string, expires: string): string =>
  createHmac("sha256", secret).update(`${path}\n${date}\n${expires}`).digest("hex")

/** Writes the storage's path for a URL without its scheme. */
export const storagePath = (hostAndPath: string): string =>
  `/${hostAndPath.split("/").map(encodeURIComponent).join("/")}`

/** Reads back a storage path; undefined when its percent-encoding is damaged. */
export const readStoragePath = (path: string): string | undefined => {
  try {
    return decodeURIComponent(path.slice(1))
  } catch {
    return undefined
  }
}

/** Signs a storage path at a time (milliseconds) for a lifetime (seconds): gives path and query. */
export const signed = (secret: string, path: string, now: number, lifetime: number): string => {
  const date = stamp(now)
  const query = `X-Amz-Algorithm=${algorithm}&X-Amz-Date=${date}&X-Amz-Expires=${lifetime}&X-Amz-SignedHeaders=host`
  return `${path}?${query}&X-Amz-Signature=${sign(secret, path, date, String(lifetime))}`
}

/** Checks a signed path and query at a time. */
export const check = (
  secret: string,
  path: string,
  query: string,
  now: number
): "good" | "unsigned" | "bad" | "expired" => {
  const get = (name: string): string => new RegExp(`(?:^|&)${name}=([^&]*)`).exec(query)?.[1] ?? ""
  const [date, expires, signature] = [get("X-Amz-Date"), get("X-Amz-Expires"), get("X-Amz-Signature")]
  if (signature === "") return "unsigned"
  const given = Buffer.from(signature)
  const right = Buffer.from(sign(secret, path, date, expires))
  if (given.length !== right.length || !timingSafeEqual(given, right)) return "bad"
  return now < readStamp(date) + Number(expires) * 1000 ? "good" : "expired"
}
