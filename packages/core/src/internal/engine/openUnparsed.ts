/**
 * Opens documents for jobs that wait for their sinks. Waiting documents hold nothing parsed, because parsed ones take
 * six times their size and live long enough to be expensive for the garbage collector. So memory depends on the readers
 * of rows, not on the number of waiting jobs.
 */
import type * as Effect from "effect/Effect"
import type { Content, ContentError } from "../../Content.ts"
import * as ResultDocument from "../../ResultDocument.ts"

/**
 * Larger documents are scanned, an element at a time. To parse one to open it and again for its rows costs as much up to
 * here, and twice as much from 256 KiB on.
 */
export const parseLimit = 64 * 1024

/** Opens a document. One that is small enough is parsed again for each reading of its rows. */
export const openUnparsed = (
  content: Content,
  options: ResultDocument.OpenOptions
): Effect.Effect<ResultDocument.ResultDocument, ContentError> =>
  ResultDocument.open(content, { ...options, parseLimit, keepsValues: false })
