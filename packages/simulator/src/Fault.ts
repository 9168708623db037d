/**
 * Faults as data: each says which requests meet it and what happens to them. A JSON file can hold a list of them. The
 * choice of requests depends on the seed and the request alone, never on timing, so a run can be repeated.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { validateHeaderName, validateHeaderValue } from "node:http"

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
// longer than any test waits, and short of what a timer can hold
const Seconds = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 86_400 }))
const Milliseconds = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 86_400_000 }))
const Status = Schema.Int.check(Schema.isBetween({ minimum: 200, maximum: 599 }))

/**
 * What a request meets. Responses in place of the right one, on any endpoint: `Status`, `Html`, `Platform` (JSON with a
 * platform code), `RateLimited`. The right answer, spoilt on the wire: `Reset`, `Truncated`, `Stalled`, `Slow`,
 * `Delayed`, `Malformed`, `Mislabeled`. Only at attachments: `ExpiredUrl`, `NoLocation`, `RedirectLoop`, and with the storage
 * `Missing`, `Denied`. Only in listings: `RepeatedToken`, `Overlap`, `JobsAdded`, `BadEntry`. Only at jobs:
 * `Unfinished`, `NoResult`, `Reworked`. Elsewhere such a fault is refused when the list is set.
 */
export const Kind = Schema.TaggedUnion({
  /** An answer with this status; the body is text, empty by default. */
  Status: {
    status: Status,
    body: Schema.optionalKey(Schema.String),
    contentType: Schema.optionalKey(Schema.String),
    headers: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
  },
  /** A web page, as a gateway in trouble sends: 503 by default. With 200 it is a page where JSON was due. */
  Html: { status: Schema.optionalKey(Status) },
  /** `{"error": {code, message}, "success": false}` with HTTP 400 by default; 200 occurs too (from the SDK). */
  Platform: {
    code: Schema.String,
    message: Schema.optionalKey(Schema.String),
    status: Schema.optionalKey(Status)
  },
  /** 429; `retryAfter` in seconds, or a date that many seconds ahead, or left out. */
  RateLimited: {
    retryAfter: Schema.optionalKey(Schema.Finite.check(Schema.isBetween({ minimum: -1e9, maximum: 1e9 }))),
    as: Schema.optionalKey(Schema.Literals(["seconds", "date"]))
  },
  /** The connection is reset after this many bytes of the body; before any header when left out. */
  Reset: { afterBytes: Schema.optionalKey(Count) },
  /**
   * The connection ends in good order before Content-Length: after this many bytes, or half of the body. With
   * `undeclared`, no length is named and the body ends normally, so only its content shows the loss.
   */
  Truncated: { afterBytes: Schema.optionalKey(Count), undeclared: Schema.optionalKey(Schema.Boolean) },
  /** Nothing more comes after this many bytes (headers only when 0, not even them when left out). Closes after
   * `seconds`, default 120. */
  Stalled: { afterBytes: Schema.optionalKey(Count), seconds: Schema.optionalKey(Seconds) },
  /** The whole body, at this pace. */
  Slow: { bytesPerSecond: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)) },
  /** The right answer, this much later. */
  Delayed: { milliseconds: Milliseconds },
  /**
   * A whole HTTP answer with status 200 and a wrong body: half of the right one (`cut`), bytes that are not UTF-8
   * (`garbage`), nothing (`empty`), JSON of another type (`otherType`: `[]`), an error in XML (`xml`), the right one with a
   * stray byte order mark (`bom`), or the right one as gzip that no header names (`gzip`).
   */
  Malformed: { as: Schema.Literals(["cut", "garbage", "empty", "otherType", "xml", "bom", "gzip"]) },
  /** The right answer with these headers, such as a `content-encoding` that its body does not have. */
  Mislabeled: { headers: Schema.Record(Schema.String, Schema.String) },
  /** A redirect to a URL that expired a minute ago. */
  ExpiredUrl: {},
  /** A redirect without Location. */
  NoLocation: {},
  /** A redirect to itself. */
  RedirectLoop: {},
  /** The file is not there: 404 `NoSuchKey`, from the storage. */
  Missing: {},
  /** 403 from the storage: `AccessDenied`, or `SignatureDoesNotMatch` where the redirect is at fault. */
  Denied: {},
  /** The page names itself as the next one, forever if `times` is not given. */
  RepeatedToken: {},
  /** The page begins with the last `jobs` jobs of the page before it, or, when it is the first, repeats its first. */
  Overlap: { jobs: Count },
  /** Jobs are added at the end of the batch just before the page is served. */
  JobsAdded: { jobs: Count },
  /** One job of the page is spoilt: it has no id, is null, has a number for an id, or an empty one. */
  BadEntry: { as: Schema.Literals(["noId", "null", "numberId", "emptyId"]) },
  /** A job that the listing calls completed is not. */
  Unfinished: {},
  /** The job is completed and names no result. */
  NoResult: {},
  /** The job is reworked just before it is served: from now on its result is another one. */
  Reworked: {}
})

/** See {@link Kind}. */
export type Kind = typeof Kind.Type

/** Names places where faults occur: `api` is every endpoint but the storage, `any` everything. */
export const On = Schema.Literals(["any", "api", "details", "stats", "jobs", "job", "attachment", "storage"])

/** See {@link On}. */
export type On = typeof On.Type

/** Says which requests meet what. All given conditions must hold. */
export const Fault = Schema.Struct({
  on: On,
  meets: Kind,
  /** Only requests about this batch. */
  batch: Schema.optionalKey(Schema.String),
  /** Only requests about this job (by id): its own endpoint, its attachments and their storage. */
  job: Schema.optionalKey(Schema.String),
  /** Only this page of a listing, from 1. */
  page: Schema.optionalKey(Schema.Int),
  /** Only result documents, files that these name, or input media. */
  part: Schema.optionalKey(Schema.Literals(["document", "nested", "input"])),
  /** Share of the requests, chosen by the seed and what is asked for. Default: 1. */
  share: Schema.optionalKey(Share),
  /**
   * Where the share begins in a draw from 0 to 1 that all faults of the list with `from` share: slices that do not
   * overlap never hit the same request. Without it, each fault draws for itself.
   */
  from: Schema.optionalKey(Share),
  /** Which time the same thing is asked for the fault begins. Default: 1, the first. */
  nth: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))),
  /** How many times in a row it strikes. Default: once for retryable faults, else always. */
  times: Schema.optionalKey(Count),
  /** What is counted for `nth` and `times`: the same request again (default), or any at the endpoint. */
  per: Schema.optionalKey(Schema.Literals(["request", "endpoint"]))
})

/** See {@link Fault}. */
export type Fault = typeof Fault.Type

/** A list of faults, as a JSON file holds it. Of several that fit a request, the first in the list strikes. */
export const Faults = Schema.Array(Fault)

const strict = { errors: "all", onExcessProperty: "error" } as const

/** Decodes a list of faults that came from a file; fails with everything that is wrong, unknown names included. */
export const decode = Schema.decodeUnknownEffect(Faults, strict)

const validate = Schema.decodeUnknownResult(Faults, strict)

const lasting: ReadonlySet<Kind["_tag"]> = new Set<Kind["_tag"]>([
  "Missing",
  "Denied",
  "Malformed",
  "RepeatedToken",
  "Overlap",
  "BadEntry",
  "NoResult",
  "RedirectLoop",
  "NoLocation"
])

/** How many times in a row a fault strikes when it does not say. */
export const defaultTimes = (meets: Kind): number => lasting.has(meets._tag) ? Number.POSITIVE_INFINITY : 1

const all: ReadonlyArray<On> = ["any", "api", "details", "stats", "jobs", "job", "attachment", "storage"]
const places: Partial<Record<Kind["_tag"], ReadonlyArray<On>>> = {
  ExpiredUrl: ["attachment"],
  NoLocation: ["attachment"],
  RedirectLoop: ["attachment"],
  Missing: ["attachment", "storage"],
  Denied: ["attachment", "storage"],
  RepeatedToken: ["jobs"],
  Overlap: ["jobs"],
  JobsAdded: ["jobs"],
  BadEntry: ["jobs"],
  Unfinished: ["job"],
  NoResult: ["job"],
  Reworked: ["job"]
}

const headerProblem = (meets: Kind): string | undefined => {
  if (meets._tag !== "Status" && meets._tag !== "Mislabeled") return undefined
  const { headers } = meets
  try {
    validateHeaderValue("content-type", meets._tag === "Status" ? meets.contentType ?? "" : "")
    for (const [name, value] of Object.entries(headers ?? {})) {
      validateHeaderName(name)
      validateHeaderValue(name, value)
    }
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Says what is wrong with a list of faults, or gives undefined. */
export const problem = (faults: ReadonlyArray<Fault>): string | undefined => {
  const validated = validate(faults)
  if (Result.isFailure(validated)) return `faults: ${validated.failure.message}`
  for (const [index, { meets, on }] of faults.entries()) {
    const allowed = places[meets._tag] ?? all
    if (!allowed.includes(on)) return `fault ${index}: ${meets._tag} occurs on ${allowed.join(", ")}, not on ${on}`
    const header = headerProblem(meets)
    if (header !== undefined) return `fault ${index}: ${header}`
  }
  return undefined
}

/** Options of {@link transient}. */
export interface TransientOptions {
  /** Retry-After of those 429 that have one, in seconds. Default: 0. */
  readonly retryAfter?: number
  /** How long a stalled connection stays open, in seconds. Default: 120; a client's own patience decides. */
  readonly stallSeconds?: number
  /** Leaves out stalls, which cost each client its idle timeout. Default: false. */
  readonly withoutStalls?: boolean
}

/**
 * Gives every retryable fault, each to this share of the requests at every place where it can occur, and once: a client
 * that sends each request up to twice gets everything. No request meets two of them, so `share` times their number (12)
 * must not pass 1; larger shares throw a RangeError.
 */
export const transient = (share: number, options: TransientOptions = {}): ReadonlyArray<Fault> => {
  const { retryAfter = 0, stallSeconds = 120, withoutStalls = false } = options
  const list: ReadonlyArray<readonly [On, Kind]> = [
    ["any", { _tag: "RateLimited", retryAfter }],
    ["any", { _tag: "RateLimited" }],
    ["any", { _tag: "Html", status: 503 }],
    ["any", { _tag: "Reset" }],
    ["any", { _tag: "Reset", afterBytes: 40 }],
    ["any", { _tag: "Truncated" }],
    ...(withoutStalls ? [] : [
      ["api", { _tag: "Stalled", seconds: stallSeconds }],
      ["storage", { _tag: "Stalled", afterBytes: 20, seconds: stallSeconds }]
    ] as const),
    ["api", {
      _tag: "Status",
      status: 500,
      body: `{"message":"Internal Server Error"}`,
      contentType: "application/json"
    }],
    ["api", { _tag: "Platform", code: "FS_0000", message: "Something went wrong" }],
    ["api", { _tag: "Platform", code: "api_error", message: "Something went wrong", status: 200 }],
    ["attachment", { _tag: "ExpiredUrl" }]
  ]
  if (!(share >= 0 && share * list.length <= 1)) {
    throw new RangeError(`share must be from 0 to ${1 / list.length}, got ${share}`)
  }
  return list.map(([on, meets], i) => ({ on, meets, share, from: i * share }))
}
