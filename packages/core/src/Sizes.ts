/**
 * Where to get the sizes of a job's input images if neither a mask nor a stored input has them: the option `sizes` of
 * an export. A size that cannot be found is counted by its reason, and is not an error.
 */
import * as Effect from "effect/Effect"
import type { Size } from "./JobSink.ts"
import * as OptionError from "./OptionError.ts"

/** A further source of sizes. */
export type Source =
  /** The first 64 KiB of each image, from its own address over http or https. No API key is sent. */
  | { readonly _tag: "Fetch" }
  /** One size for all images. */
  | { readonly _tag: "Fixed"; readonly size: Size }
  /** What the application knows. `find` is given the address as the document names it; text says why it has no size. */
  | { readonly _tag: "Lookup"; readonly find: (url: string) => Effect.Effect<Size | string> }

/** Images of a run whose size was looked for and not found, for one reason. */
export interface Unsized {
  /** One of a few short texts, such as `unreachable`, `HTTP 404`, `scheme s3`, or `not in the table`. */
  readonly reason: string
  readonly count: number
}

/** Requests the first 64 KiB of each image. */
export const fetch: Source = { _tag: "Fetch" }

/** One size for all images, in pixels as displayed. */
export const fixed = ({ height, width }: Size): Source => ({ _tag: "Fixed", size: { width, height } })

/** Sizes that the application knows; see {@link Source}. */
export const lookup = (find: (url: string) => Effect.Effect<Size | string>): Source => ({ _tag: "Lookup", find })

/** Why an image that has bytes has no size. */
export const noHeader = "no size in its first 64 KiB"

/** Most pixels along one side: more fit no column. */
const most = 2 ** 31 - 1

/** Whether a number can be the width or height of an image. */
export const isLength = (value: number): boolean => Number.isSafeInteger(value) && value > 0 && value <= most

/** Fails if the option is not a source, or names an impossible fixed size. */
export const check = Effect.fnUntraced(function*(source: Source | undefined) {
  if (source === undefined) return
  yield* OptionError.oneOf("sizes._tag", source._tag, ["Fetch", "Fixed", "Lookup"])
  if (source._tag === "Lookup") yield* OptionError.callback("sizes.find", source.find)
  if (source._tag !== "Fixed" || isLength(source.size.width) && isLength(source.size.height)) return
  const { height, width } = source.size
  return yield* new OptionError.OptionError({
    option: "sizes",
    detail: `must have a width and a height from 1 to ${most} pixels, and has ${width}x${height}`
  })
})

/** The names by which an image may be known, most exact first: its address, without query, its last segment, without ending. */
export const namesOf = (url: string): ReadonlyArray<string> => {
  const bare = url.replace(/[?#].*$/s, "")
  const segment = segmentsOf(url).at(-1) ?? ""
  return Array.from(new Set([url, bare, segment, segment.replace(/(.)\.[^.]*$/s, "$1")])).filter((name) => name !== "")
}

/** The segments of an address' path, decoded; those that cannot be decoded as they are. */
export const segmentsOf = (url: string): ReadonlyArray<string> =>
  url.replace(/[?#].*$/s, "").replace(/^[a-z][a-z0-9+.-]*:(?:\/\/[^/]*)?/i, "").split("/").filter((part) => part !== "")
    .map((part) => {
      try {
        return decodeURIComponent(part)
      } catch {
        return part
      }
    })
