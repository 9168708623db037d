import { shortUrl } from "../../PlainText.ts"
import * as UnsignedUrl from "../../UnsignedUrl.ts"
import { isDataUri } from "./dataUri.ts"

/** Whether a host is this machine itself: then nothing travels over a network. */
export const isLoopback = (url: URL): boolean => {
  const host = url.hostname.replace(/^\[|\]$/g, "")
  return host === "localhost" || host.endsWith(".localhost") || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host)
}

/** A path segment for an opaque id, or undefined for the few strings that no URL can carry as one. */
export const pathSegment = (id: unknown): string | undefined => {
  // URL parsers take dot segments away even when they are percent-encoded.
  if (typeof id !== "string" || id === "" || id === "." || id === ".." || !id.isWellFormed()) return undefined
  return encodeURIComponent(id)
}

/** A URL as it may be shown: without query, credentials, and data, which may hold signatures and secrets. */
export const showUrl = (url: string): string => {
  if (isDataUri(url)) return shortUrl(UnsignedUrl.strip(url))
  if (!URL.canParse(url)) return shortUrl(url.replace(/[?#].*$/s, ""))
  const { protocol, host, pathname } = new URL(url)
  return shortUrl(`${protocol}//${host}${pathname}`)
}
