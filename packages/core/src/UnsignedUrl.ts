/** Takes out of a URL what must not be written down: results can name links that hold a signature or a password. */
import { isDataUri } from "./internal/client/dataUri.ts"

const signed =
  /(?:^|[-_.])(?:x-(?:amz|goog|oss)|sig|signature|signed|token|expires|policy|credential|key-pair-id|awsaccesskeyid|googleaccessid|(?:api)?key|password|secret)/i

/**
 * A URL as it may be written down: without credentials and fragment, and without its query where any parameter looks like
 * a signature or a secret. What is no URL stays as it is, cut at its query by the same rule. Of a `data:` URI its media
 * type stays: its data is the file itself.
 */
export const strip = (url: string): string => {
  if (isDataUri(url)) return /^\s*[^,]{0,200}/.exec(url)?.[0] ?? ""
  const [, base = "", query] = /^([^?#]*)(?:\?([^#]*))?/s.exec(url) ?? []
  const bare = base.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, "$1")
  if (query === undefined) return bare
  const names = query.split(/[&;]/).map((pair) => pair.split("=", 1)[0] ?? "")
  return names.some((name) => signed.test(decoded(name))) ? bare : `${bare}?${query}`
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
