/** Redirects, which are followed by hand: only the client knows where the key may go. */
import * as Reasons from "../../GtStudioError.ts"
import type { TransportResponse } from "../../Transport.ts"
import { type Answer, given, refused } from "./answer.ts"

/** Redirects that one file may take; the documented number is one. */
export const maxRedirects = 5

export const isRedirect = (status: number): boolean =>
  status === 301 || status === 302 || status === 303 || status === 307 || status === 308

const badRedirect = (detail: string) => refused({ reason: new Reasons.BadRedirect({ detail }) })

/** There were too many of them. */
export const tooManyRedirects = badRedirect(`more than ${maxRedirects} redirects lead nowhere`)

/** Returns where a redirect leads, which is a URL of http or https. */
export const redirectedTo = (response: TransportResponse, from: URL): Answer<URL> => {
  const location = response.header("location")
  // A header is bytes: those beyond ASCII, such as a name in UTF-8, are asked for as they came.
  const ascii = location?.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`)
  const url = ascii === undefined ? null : URL.parse(ascii, from.href)
  if (url === null) return badRedirect("a redirect does not say where to go")
  return url.protocol === "https:" || url.protocol === "http:"
    ? given(url)
    : badRedirect(`a redirect leads to ${url.protocol.slice(0, -1)}, which is not followed`)
}
