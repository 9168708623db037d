/**
 * From a listed job to everything that belongs to it: its result, the result document, and the files that the document
 * names. Useful alone, as an effect for one job or as a step between streams.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Content, ContentError } from "./Content.ts"
import { GtStudio } from "./GtStudio.ts"
import type { GtStudioError } from "./GtStudioError.ts"
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
  /** Default `results`. */
  readonly attachments?: AttachmentChoice
  /** Files of one job fetched at the same time. Default 4. */
  readonly attachmentConcurrency?: number
  /** `JobRecord.load`, from 1. Default: a new one; `mapJobs` makes one for all its jobs. */
  readonly load?: number
  /** `JobRecord.position`. Default 0; `mapJobs` counts the summaries. */
  readonly position?: number
  /** Largest result document that is parsed whole, in bytes; larger ones are scanned. Default 1 MiB. */
  readonly parseLimit?: number
  /** Where sizes of images come from that neither a mask nor a stored input has. Default: nowhere. */
  readonly sizes?: Sizes.Source
  /** Told of the images whose size was looked for and not found. Must be quick; it must not throw. */
  readonly onUnsized?: (unsized: ReadonlyArray<Sizes.Unsized>) => void
  /** Told of the inputs that could not be fetched. Must be quick; it must not throw. */
  readonly onUnreachable?: (unreachable: ReadonlyArray<Unreachable>) => void
  /** Asked about each result before its files are fetched: a job whose result it refuses is none. Default: takes all. */
  readonly filter?: (document: ResultDocument.ResultDocument) => Effect.Effect<boolean, ContentError>
}

/** Inputs that could not be fetched, for one reason. */
export interface Unreachable {
  /** One of a few short texts, such as `HTTP 404` or `unreachable`. */
  readonly reason: string
  readonly count: number
}

/**
 * Fetches a job, or none where the platform has no result for it yet. Its contents are valid until the scope closes. Fails
 * if the result document or a file of the result cannot be fetched. A record lacks the inputs that cannot be fetched, since
 * they are the customer's own.
 */
export const fetch = (
  batch: BatchRef,
  summary: JobSummary,
  options: Options = {}
): Effect.Effect<Option.Option<JobRecord>, FetchError, GtStudio | Scope.Scope> =>
  Effect.flatMap(
    Effect.andThen(check(options), GtStudio),
    (gtStudio) => fetchWith(gtStudio, batch, summary, options)
  )

/** Why a job could not be fetched. An `OptionError` names an option that cannot be meant. */
export type FetchError = GtStudioError | ContentError | OptionError.OptionError

const check = Effect.fnUntraced(function*({ attachmentConcurrency, parseLimit, sizes }: Options) {
  yield* Sizes.check(sizes)
  if (attachmentConcurrency !== undefined) yield* OptionError.count("attachmentConcurrency", attachmentConcurrency)
  if (parseLimit !== undefined) yield* OptionError.count("parseLimit", parseLimit, 0)
})

/** As {@link fetch}, for callers that hold the service and may open result documents in their own way. */
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
  // Opening it tells whether it is complete: so it is opened as soon as it is there.
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

/**
 * A step from job summaries to whatever `use` makes of each finished job. The job's contents live while `use` runs, so
 * that only `concurrency` jobs (default 16) are held at any time. Unfinished jobs are passed over. Output comes as jobs
 * finish, or in the order of the input where `ordered` is set. The first failure ends the stream.
 */
export const mapJobs = <A, E, R>(
  batch: BatchRef,
  use: (job: JobRecord) => Effect.Effect<A, E, R>,
  options: Options & { readonly concurrency?: number; readonly ordered?: boolean } = {}
) =>
<E0, R0>(
  summaries: Stream.Stream<JobSummary, E0, R0>
): Stream.Stream<A, E0 | E | FetchError, R0 | Exclude<R, Scope.Scope> | GtStudio> =>
  Stream.unwrap(Effect.gen(function*() {
    const concurrency = yield* OptionError.count("concurrency", options.concurrency ?? 16)
    const load = options.load === undefined ? yield* LoadId.make : yield* OptionError.count("load", options.load)
    return summaries.pipe(
      Stream.filter(isFinished),
      Stream.zipWithIndex,
      Stream.mapEffect(([summary, position]) =>
        Effect.scoped(Effect.flatMap(
          fetch(batch, summary, { ...options, load, position }),
          Option.match({
            onNone: () => Effect.succeed<ReadonlyArray<A>>([]),
            onSome: (job) => Effect.map(use(job), (value): ReadonlyArray<A> => [value])
          })
        )), { concurrency, unordered: options.ordered !== true }),
      Stream.flattenIterable
    )
  }))
