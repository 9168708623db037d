import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Content, ContentError } from "../Content.ts"
import * as ResultDocument from "../ResultDocument.ts"

/** A parsed document holds about this many times its size in memory. */
const weight = 6
/** Documents up to this size are always parsed whole: scanning would cost more than it saves. */
const alwaysParsed = 64 * 1024

/**
 * Bounds the memory of all documents that are held parsed at the same time; beyond it documents are scanned. One whose
 * bytes are in memory is never held parsed: a job waits for its sinks much longer than it takes to parse it, and what is
 * waited with is what the garbage collector has to carry along. Nor is any other before somebody asked for rows at all.
 */
export class ParseBudget {
  private free: number
  private areRowsRead = false

  constructor(bytes: number) {
    this.free = bytes
  }

  /** Largest document that may be parsed whole now, in bytes. */
  get limit(): number {
    return Math.max(alwaysParsed, Math.min(ResultDocument.defaultParseLimit, this.free / weight))
  }

  /**
   * Opens a document within the budget. Its share is taken before it is parsed and given back when the scope closes, or at
   * once where the parsed form is not held.
   */
  open(
    content: Content,
    options: ResultDocument.OpenOptions
  ): Effect.Effect<ResultDocument.ResultDocument, ContentError, Scope.Scope> {
    return Effect.suspend(() => {
      const parseLimit = this.limit
      const opened = ResultDocument.open(content, { ...options, parseLimit })
      const unheld = (document: ResultDocument.ResultDocument) => this.unheld(document, content, options)
      // What is parsed and let go in one step needs no share.
      if (content.bytes !== undefined) return Effect.map(opened, unheld)
      const share = content.size <= parseLimit ? content.size * weight : 0
      this.free -= share
      const giveBack = Effect.sync(() => {
        this.free += share
      })
      return this.areRowsRead
        ? Effect.andThen(Effect.addFinalizer(() => giveBack), opened)
        : Effect.map(Effect.ensuring(opened, giveBack), unheld)
    })
  }

  /** The document without its parsed form, which is made once more for whoever asks for rows. */
  private unheld(
    { attachments, resultType, wrapped }: ResultDocument.ResultDocument,
    content: Content,
    { inputs = false }: ResultDocument.OpenOptions
  ): ResultDocument.ResultDocument {
    return {
      attachments,
      resultType,
      wrapped,
      rows: (ids) =>
        Stream.unwrap(Effect.suspend(() => {
          this.areRowsRead = true
          const opened = content.bytes === undefined
            ? this.open(content, { inputs })
            : ResultDocument.open(content, { inputs, parseLimit: this.limit })
          return Effect.map(opened, ({ rows }) => rows(ids))
        }))
    }
  }
}
