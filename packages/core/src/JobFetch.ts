/**
 * From a listed job to everything that belongs to it: its result, the result document, and the files that the document
 * names. `JobStream` does this for all jobs of a batch.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Content, ContentError } from "./Content.ts"
import { GtStudio } from "./GtStudio.ts"
import type { GtStudioError } from "./GtStudioError.ts"
import { checkAttachments } from "./internal/attachmentChoice.ts"
import { measure } from "./internal/engine/mediaSizes.ts"
import { counted, reasonOf } from "./internal/engine/reasons.ts"
import { type AttachmentChoice, type BatchRef, isFinished, type JobSummary } from "./Job.ts"
import type { AttachmentRecord, JobRecord } from "./JobSink.ts"
import * as LoadId from "./LoadId.ts"
import * as OptionError from "./OptionError.ts"
import * as ResultDocument from "./ResultDocument.ts"
import * as Sizes from "./Sizes.ts"

export type { AttachmentChoice }

/** What to fetch with a job. */
export interface Options {
  /** Which of the files that the result names are fetched with it. Default: `results`. */
  readonly attachments?: AttachmentChoice
  /** Files of one job fetched at the same time, from 1. Default: 4. */
  readonly attachmentConcurrency?: number
  /** `JobRecord.load`, from 1. Default: a new one; a stream makes one for all its jobs. */
  readonly load?: number
  /** `JobRecord.lease`, from 1. Default: none. */
  readonly lease?: number
  /** `JobRecord.position`, from 0. Default: 0; a stream counts its jobs. */
  readonly position?: number
  /** Largest result document that is parsed as a whole, in bytes, from 0; larger ones are scanned. Default: 1 MiB. */
  readonly parseLimit?: number
  /** Where to get sizes of images without a mask or stored input. Default: nowhere. */
  readonly sizes?: Sizes.Source
  /** Is called with the images whose size was not found. Must be quick; it must not throw. */
  readonly onUnsized?: (unsized: ReadonlyArray<Sizes.Unsized>) => void
  /** Is called with the inputs that could not be fetched. Must be quick; it must not throw. */
  readonly onUnreachable?: (unreachable: ReadonlyArray<Unreachable>) => void
  /** Decides about each result before its files are fetched; a job whose result it refuses is left out. Default: takes all. */
  readonly filter?: (document: ResultDocument.ResultDocument) => Effect.Effect<boolean, ContentError>
}

/** Inputs that could not be fetched, for one reason. */
export interface Unreachable {
  /** One of a few short texts, such as `HTTP 404` or `unreachable`. */
  readonly reason: string
  readonly count: number
}

/**
 * Fetches one job, or none if GT Studio has no result for it yet. Its contents are valid until the scope closes. Fails if the
 * result document or a file of the result cannot be fetched or kept: with a `GtStudioError`, or a `ContentError` of the spool.
 * A record lacks the inputs that cannot be fetched, since they are the customer's own.
 */
export const fetch = (
  batch: BatchRef,
  summary: JobSummary,
  options: Options = {}
): Effect.Effect<Option.Option<JobRecord>, FetchError, GtStudio | Scope.Scope> =>
  Effect.flatMap(
    Effect.andThen(check(batch, options), GtStudio),
    (gtStudio) => fetchWith(gtStudio, batch, summary, options)
  )

/** Why a job could not be fetched. An `OptionError` names an option that cannot be used. */
export type FetchError = GtStudioError | ContentError | OptionError.OptionError

const countFrom0 = (option: string, value: unknown) => OptionError.count(option, value, 0)

/** Checks a batch and options; `fetch` does so itself, and callers of {@link fetchWith} once for all jobs. */
export const check = Effect.fnUntraced(function*(batch: BatchRef, options: Options) {
  yield* OptionError.batch("batch", batch)
  yield* Sizes.check(options.sizes)
  yield* checkAttachments(options.attachments)
  yield* OptionError.given(OptionError.count)("attachmentConcurrency", options.attachmentConcurrency)
  yield* OptionError.given(OptionError.count)("load", options.load)
  yield* OptionError.given(OptionError.count)("lease", options.lease)
  yield* OptionError.given(countFrom0)("position", options.position)
  yield* OptionError.given(countFrom0)("parseLimit", options.parseLimit)
  yield* OptionError.given(OptionError.callback)("filter", options.filter)
  yield* OptionError.given(OptionError.callback)("onUnsized", options.onUnsized)
  yield* OptionError.given(OptionError.callback)("onUnreachable", options.onUnreachable)
})

/**
 * As {@link fetch}, for callers that have checked the options, hold the service, and may open documents in their own
 * way.
 */
export const fetchWith = Effect.fnUntraced(function*(
  gtStudio: GtStudio["Service"],
  batch: BatchRef,
  summary: JobSummary,
  options: Options,
  open: (
    content: Content,
    options: ResultDocument.OpenOptions
  ) => Effect.Effect<ResultDocument.ResultDocument, ContentError, Scope.Scope> = ResultDocument.open
) {
  const { attachments: choice = "results", attachmentConcurrency = 4, filter, parseLimit, position = 0 } = options
  const about = { projectId: batch.projectId, batchId: batch.batchId, jobId: summary.id }
  const result = yield* gtStudio.jobResult(batch.projectId, summary.id)
  if (result.result === null || result.result === "" || !isFinished(result)) return Option.none()
  const inputs = choice === "all"
  // What comes in chunks is too large to be parsed whole, unless the caller's limit is higher.
  const scan = parseLimit === undefined || parseLimit <= ResultDocument.defaultParseLimit
    ? ResultDocument.scan({ inputs })
    : undefined
  const openDocument = (content: Content) =>
    open(content, {
      inputs,
      ...(parseLimit === undefined ? {} : { parseLimit }),
      ...(scan === undefined ? {} : { scan })
    })
  // Opening it says whether it is complete: so it is opened as soon as it is there.
  let opened: ResultDocument.ResultDocument | undefined
  const document = yield* gtStudio.download(result.result, about, {
    begin: () => scan?.begin(),
    push: (chunk) => scan?.push(chunk),
    check: (content) =>
      Effect.map(openDocument(content), (found) => {
        opened = found
        return found.doubt
      })
  })
  const parsed = opened ?? (yield* openDocument(document))
  if (filter !== undefined && !(yield* filter(parsed))) return Option.none()
  const refs = choice === "none" ? [] : parsed.attachments
  const unreachable: Array<string> = []
  const download = (ref: ResultDocument.AttachmentRef) => {
    const file = Effect.map(
      gtStudio.download(ref.url, about),
      (content): ReadonlyArray<AttachmentRecord> => [{ ref, content }]
    )
    return ref.role !== "input" ? file : Effect.catchIf(
      file,
      (error): error is GtStudioError => error._tag === "GtStudioError" && !error.isFatal,
      (error) => {
        unreachable.push(reasonOf(error))
        return Effect.succeed(noAttachments)
      }
    )
  }
  const attachments = refs.length === 0
    ? noAttachments
    : (yield* Effect.forEach(refs, download, { concurrency: attachmentConcurrency })).flat()
  if (unreachable.length > 0) options.onUnreachable?.(counted(unreachable))
  const ofResult = attachments.filter(({ ref }) => ref.role !== "input")
  const looking = { source: options.sizes, gtStudio, concurrency: attachmentConcurrency }
  const { sizes, unsized } = yield* measure({ ...about, parsed, attachments }, noSizes, looking)
  if (unsized.length > 0) options.onUnsized?.(unsized)
  const record: JobRecord = {
    position,
    load: options.load ?? (yield* LoadId.make),
    ...(options.lease === undefined ? {} : { lease: options.lease }),
    ...about,
    // A job whose entry in the listing could not be read has no status there.
    summary: summary.status === "" ? { ...summary, status: result.status } : summary,
    result,
    document,
    parsed,
    attachments,
    sizes,
    revision: {
      document: document.sha256,
      attachments: ofResult.length === 0 ? "" : yield* hashOf(ofResult.map(({ content }) => content))
    }
  }
  return Option.some(record)
})

const noAttachments: ReadonlyArray<AttachmentRecord> = []
const noSizes: JobRecord["sizes"] = new Map()

const hashOf = (contents: ReadonlyArray<Content>): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() =>
      crypto.subtle.digest("SHA-256", new TextEncoder().encode(contents.map(({ sha256 }) => `${sha256}\n`).join("")))
    ),
    (digest) => Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("")
  )
