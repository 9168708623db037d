/**
 * Reads result documents: tells what kind of result they hold, which further files they name, and what annotations they
 * contain as rows of the normalised model. Whatever bytes come, nothing here fails on them: a document of unknown shape
 * gives one row that says so, a single malformed annotation becomes a problem with its place. The bytes themselves are
 * kept by whoever received them, so nothing is lost that has no row.
 */
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { AnnotationRow, AttachmentRole, ResultType } from "./AnnotationModel.ts"
import type { Content, ContentError } from "./Content.ts"
import { openParsed } from "./internal/document/parsed.ts"
import { notComplete, openScanned, Scan } from "./internal/document/scan/scanned.ts"

export type { AttachmentRole, ResultType } from "./AnnotationModel.ts"
export type { Scan } from "./internal/document/scan/scanned.ts"

/**
 * A file that a result names, to be resolved through the platform's attachment endpoint; inputs are the customer's own
 * and are fetched from where they are.
 */
export interface AttachmentRef {
  /** Position from 0 in document order. */
  readonly index: number
  readonly role: AttachmentRole
  /** The frame that the file belongs to, null for files of the whole job. */
  readonly frameId: string | null
  /** The text that the document holds, not checked to be a URL. */
  readonly url: string
  /** JSON pointer of that text. */
  readonly sourcePath: string
}

/**
 * A part of a document that gave no row although its surroundings were understood, such as a rectangle without corners;
 * or a row in which half of a surrogate pair became U+FFFD, since UTF-8 has no form for it.
 */
export interface Problem {
  /** JSON pointer (RFC 6901) into the document. */
  readonly path: string
  /** What is wrong with it, for people. Names no values of the document. */
  readonly reason: string
}

/**
 * Some rows of a document and the problems met among them, both in document order. Either may be empty, not both.
 */
export interface Decoded {
  readonly rows: ReadonlyArray<AnnotationRow>
  readonly problems: ReadonlyArray<Problem>
}

/**
 * A document whose kind and files are known and whose rows can be read, as often as wanted, while its content is valid.
 */
export interface ResultDocument {
  readonly resultType: ResultType
  /**
   * What speaks against the bytes being a whole document, such as `JSON that is not complete`, as far as opening it reads:
   * the inside of a large document's lists is read with its rows. Absent where nothing does.
   */
  readonly doubt?: string
  /** Whether the result stands under a top-level `data`, as the documentation shows most of them. */
  readonly wrapped: boolean
  /**
   * The files that the document names, in document order; one for each distinct (url, role, frame), at its first place.
   */
  readonly attachments: ReadonlyArray<AttachmentRef>
  /**
   * The document's annotations, in arrays of about a thousand rows. Deterministic, whatever chunks the content comes in.
   * Rows and problems together account for every annotation. Order is that of the document, save that keys which are
   * whole numbers come first and ascending, as `JSON.parse` has it. Numbers keep the digits of their text, save the extent, which is of doubles.
   */
  readonly rows: (job: { readonly batchId: string; readonly jobId: string }) => Stream.Stream<Decoded, ContentError>
}

/** Options of {@link open}. */
export interface OpenOptions {
  /**
   * Documents up to this many bytes (default 1 MiB) are parsed whole and held in memory while in use, at about five
   * times their size. Larger ones are scanned, once to open and once to read the rows, and held one piece at a time,
   * which from about that size on takes less time too.
   */
  readonly parseLimit?: number
  /** Lists the job's input media among the attachments, with the role `input`. Default false: they can be large. */
  readonly inputs?: boolean
  /**
   * A scan that was given all bytes of the content while they arrived, made with the same `inputs`: a large document then
   * need not be read to open it. One that has seen another number of bytes is passed over.
   */
  readonly scan?: Scan
}

/** Documents up to this many bytes are parsed whole, unless options say otherwise: 1 MiB. */
export const defaultParseLimit: number = 1024 * 1024

/** A scan of a document whose bytes are still to come, for {@link open}; a watcher of a download. */
export const scan = (options?: Pick<OpenOptions, "parseLimit" | "inputs">): Scan =>
  new Scan(options?.inputs ?? false, options?.parseLimit ?? defaultParseLimit)

/**
 * Opens a result document. Fails only when its bytes cannot be read back.
 *
 * A large document gives the same rows as a small one. Where it is not valid JSON or UTF-8 inside a list, the elements
 * concerned become problems; where nothing is read from, that goes unnoticed; anywhere else, it is of unknown shape as a
 * whole. Only what is too long to hold differs: a single element over 64 MiB of a scanned document is reported as a
 * problem, and a legend of that length counts as none.
 */
export const open = (content: Content, options?: OpenOptions): Effect.Effect<ResultDocument, ContentError> => {
  const parseLimit = options?.parseLimit ?? defaultParseLimit
  const inputs = options?.inputs ?? false
  if (content.size > parseLimit) return openScanned(content, inputs, parseLimit, options?.scan)
  const parse = (bytes: Uint8Array) => {
    const document = openParsed(bytes, content.bytes !== undefined, inputs)
    // Scanning finds what is sound in it, and what a run stores must not depend on whether there was memory to parse it.
    if (document !== undefined) return Effect.succeed(document)
    const scanned = openScanned(content, inputs, parseLimit, options?.scan)
    return Effect.map(scanned, (found): ResultDocument => ({ ...found, doubt: notComplete }))
  }
  const { bytes } = content
  return bytes === undefined ? Effect.flatMap(content.collect, parse) : Effect.suspend(() => parse(bytes))
}
