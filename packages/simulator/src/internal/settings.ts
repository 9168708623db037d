/** Options of a simulated project, checked and with their defaults. */
import * as Duration from "effect/Duration"
import type { Options } from "../Scenario.ts"
import type { Size } from "./media/shapes.ts"
import { hashText } from "./random.ts"

/** Returns a whole number. Throws a RangeError if it is not whole, or out of range. */
export const requireWhole = (what: string, value: number, minimum: number, maximum: number): number => {
  if (!Number.isInteger(value) || value < minimum || value > maximum) {
    throw new RangeError(`${what} must be a whole number from ${minimum} to ${maximum}, got ${value}`)
  }
  return value
}

/** Says which jobs of a batch are not finished; throws a RangeError for a share out of range. */
export const unfinishedBy = (unfinished: number | ReadonlyArray<number>): (index: number) => boolean => {
  if (typeof unfinished === "number") {
    if (!(unfinished >= 0 && unfinished <= 1)) throw new RangeError(`unfinished must be from 0 to 1, got ${unfinished}`)
    return (index) => Math.floor((index + 1) * unfinished) > Math.floor(index * unfinished)
  }
  const positions = new Set(unfinished)
  return (index) => positions.has(index)
}

/** Returns text. Throws a RangeError if it is empty. */
export const requireText = (what: string, value: string): string => {
  if (value === "") throw new RangeError(`${what} must not be empty`)
  return value
}

const defaultSizes = [[640, 480], [1280, 720], [1920, 1080], [1080, 1920]] as const

const requireSizes = (sizes: ReadonlyArray<readonly [width: number, height: number]>): ReadonlyArray<Size> => {
  if (sizes.length === 0) throw new RangeError("image sizes must name one at least")
  return sizes.map(([width, height]) => ({
    width: requireWhole("width of images", width, 1, 16_384),
    height: requireWhole("height of images", height, 1, 16_384)
  }))
}

/** Gives options their defaults; throws a RangeError that names one that is out of range. */
export const check = (options: Options) => ({
  seed: typeof options.seed === "number" ? options.seed | 0 : hashText(0, options.seed ?? "1"),
  pageSize: requireWhole("pageSize", options.pageSize ?? 100, 1, 100_000),
  lastPage: options.lastPage ?? "absent",
  redirectStatus: options.redirectStatus ?? 302,
  redirectHops: requireWhole("redirectHops", options.redirectHops ?? 0, 0, 100),
  location: options.location ?? "absolute",
  urlLifetime: Math.max(1, Math.ceil(Duration.toSeconds(options.urlLifetime ?? "15 minutes"))),
  unfinishedResult: options.unfinishedResult ?? "empty",
  unfinishedStatus: options.unfinishedStatus ?? "pending",
  wrapped: options.wrapped ?? "documented",
  documentBytes: requireWhole("documentBytes", options.documentBytes ?? 0, 0, 10_000_000_000),
  sizes: requireSizes(options.images?.sizes ?? defaultSizes),
  inputsAt: options.images?.at ?? "bucket",
  authFailure: options.authFailure ?? 401,
  notFound: options.notFound ?? 400,
  apiKey: requireText("apiKey", options.apiKey ?? "simulator-key")
})

/** Options that can be relied on. */
export type Checked = ReturnType<typeof check>
