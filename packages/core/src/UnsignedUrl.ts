/** Takes out of a URL what must not be written down: results can name links that hold a signature or a password. */
import { isDataUri } from "./internal/client/dataUri.ts"

/**
 * Parameters that say what a file is or which version of it: nobody gets access by them. All others may be a secret, by
 * whatever name the storage calls it.
 */
const harmless = new Set(["frame", "format", "height", "page", "version", "versionid", "width"])

/**
 * A URL as it may be written down: without credentials and fragment, and without its query unless each parameter of it is
 * known to be harmless and short. What is no URL is cut at its query by the same rule. Of a `data:` URI its media type
 * stays: its data is the file itself.
 */
export const strip = (url: string): string => {
  if (isDataUri(url)) return /^\s*[^,]{0,200}/.exec(url)?.[0] ?? ""
  const [, base = "", query] = /^([^?#]*)(?:\?([^#]*))?/s.exec(url) ?? []
  const bare = base.replace(/^([a-z][a-z0-9+.-]*:)?\/\/[^/@]*@/i, "$1//")
  return query !== undefined && query.split("&").every(isHarmless) ? `${bare}?${query}` : bare
}

const isHarmless = (pair: string): boolean => {
  const [, name = "", value = ""] = /^([a-z]+)=([\w.-]{1,64})$/i.exec(pair) ?? []
  return value !== "" && harmless.has(name.toLowerCase())
}
