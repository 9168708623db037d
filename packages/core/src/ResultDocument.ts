/**
 * Reads result documents: recognizes the kind of result, the files that it names, and its annotations as rows of the
 * normalized model. No bytes make it fail: a document of unknown shape gives one row that says so, and a malformed
 * annotation becomes a problem with its place. The caller keeps the bytes, so nothing without a row is lost.
 */
import * as Effect from "effect/Effect"
import type { Content, ContentError } from "./Content.ts"
import type { ResultDocument } from "./internal/document/openDocument.ts"
import { openParsed } from "./internal/document/parsed.ts"
import { notComplete, openScanned, Scan } from "./internal/document/scan/scanned.ts"

export type { AttachmentRole, ResultType } from "./AnnotationModel.ts"
export type {
  AttachmentRef,
  Decoded,
  InputRef,
  JobRef,
  Problem,
  ResultDocument
} from "./internal/document/openDocument.ts"
export type { Scan } from "./internal/document/scan/scanned.ts"

/** Options of {@link open}. */
export interface OpenOptions {
  /**
   * Documents up to this many bytes (default 1 MiB) are parsed whole and held in memory while in use, at about five
   * times their size. Larger ones are scanned, once to open and once to read the rows, and held one piece at a time,
   * which from about that size on takes less time too.
   */
  readonly parseLimit?: number
  /**
   * Whether the values of a document that is parsed whole are held until its rows are read. Default: true. Without them, a
   * document takes little memory besides its content, and each reading of its rows parses it again.
   */
  readonly keepsValues?: boolean
  /** Lists the job's input media among the attachments, with the role `input`. Default: false, as they can be large. */
  readonly inputs?: boolean
  /**
   * A scan that was given all bytes of the content while they arrived, made with the same `inputs`: a large document then
   * need not be read to open it. One that has seen another number of bytes is skipped.
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
    const document = openParsed(bytes, content, inputs, options?.keepsValues ?? true)
    // Scanning finds what is sound in it, and what a run stores must not depend on whether there was memory to parse it.
    if (document !== undefined) return Effect.succeed(document)
    const scanned = openScanned(content, inputs, parseLimit, options?.scan)
    return Effect.map(scanned, (found): ResultDocument => ({ ...found, doubt: notComplete }))
  }
  const { bytes } = content
  return bytes === undefined ? Effect.flatMap(content.collect, parse) : Effect.suspend(() => parse(bytes))
}
