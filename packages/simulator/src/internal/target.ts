/**
 * Reads request targets by hand. `new URL` would fold `%2E%2E` into its parent and drop tabs and newlines, and hostile
 * ids would never arrive; here a segment is the text between two slashes, decoded once.
 */

/** The endpoint of a request, with decoded ids. */
export type Route =
  | { readonly _tag: "details" | "stats"; readonly version: 0 | 1; readonly project: string }
  | { readonly _tag: "jobs"; readonly version: 0 | 1; readonly project: string; readonly batch: string }
  | { readonly _tag: "job"; readonly version: 0 | 1; readonly project: string; readonly job: string }
  | { readonly _tag: "attachment"; readonly hop: number }
  | { readonly _tag: "other" }

/** Splits a request target into path and query, undecoded; an absolute form loses its origin. */
export const split = (target: string): readonly [path: string, query: string] => {
  const local = target.startsWith("/") ? target : target.replace(/^[a-z]+:\/\/[^/?]*/i, "")
  const at = local.indexOf("?")
  return at < 0 ? [local, ""] : [local.slice(0, at), local.slice(at + 1)]
}

const other: Route = { _tag: "other" }

/** Finds the route of an undecoded path. */
export const route = (path: string): Route => {
  let segments: ReadonlyArray<string>
  try {
    segments = path.split("/").slice(1).map(decodeURIComponent)
  } catch {
    return other
  }
  const [first, second, project, what, id] = segments
  if (first !== "v1" && first !== "v0") return other
  const version = first === "v1" ? 1 : 0
  if (second === "attachments" && version === 1) {
    if (segments.length === 2) return { _tag: "attachment", hop: 0 }
    // redirects within the origin, which the simulator made up itself
    const hop = project === "hop" && segments.length === 4 ? Number(what) : Number.NaN
    return Number.isInteger(hop) && hop > 0 ? { _tag: "attachment", hop } : other
  }
  if (second !== "projects" || project === undefined) return other
  if (segments.length === 4 && what === "details") return { _tag: "details", version, project }
  if (segments.length === 4 && what === "stats" && version === 0) return { _tag: "stats", version, project }
  if (segments.length !== 5 || id === undefined || id === "") return other
  if (what === "batch") return { _tag: "jobs", version, project, batch: id }
  return what === "jobs" ? { _tag: "job", version, project, job: id } : other
}

/** Reads a parameter of a query, decoded; "" when it is missing or damaged. */
export const parameter = (query: string, name: string): string => {
  const raw = new RegExp(`(?:^|&)${name}=([^&]*)`).exec(query)?.[1] ?? ""
  try {
    return decodeURIComponent(raw.replaceAll("+", " "))
  } catch {
    return ""
  }
}

/**
 * Reads the `url` parameter of the attachment endpoint: percent-encoded when it begins so, else everything after `url=`
 * as it is, since the vendor's own script sends it raw, `&` and `+` included.
 */
export const attachmentUrl = (query: string): string => {
  const at = query.startsWith("url=") ? 4 : query.indexOf("&url=") + 5
  if (at === 4 && !query.startsWith("url=")) return ""
  const tail = query.slice(at)
  return /^[a-z0-9]+%3a/i.test(tail) ? parameter(query, "url") : tail
}
