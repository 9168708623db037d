import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Content, ContentError } from "../../Content.ts"
import * as ResultDocument from "../../ResultDocument.ts"

/** A parsed document takes about this many times its size in memory. */
const weight = 6
/** Documents up to this size are always parsed whole: scanning would cost more than it saves. */
const alwaysParsed = 64 * 1024

/**
 * Bounds the memory of all documents that are parsed at the same time; beyond it documents are scanned. None is held parsed
 * from its opening until somebody asks for its rows: a job waits for its sinks much longer than it takes to parse it again,
 * and what is waited with is what the garbage collector has to carry along.
 */
export class ParseBudget {
  private free: number

  constructor(bytes: number) {
    this.free = bytes
  }

  /** Largest document that may be parsed whole now, in bytes. */
  get limit(): number {
    return Math.max(alwaysParsed, Math.min(ResultDocument.defaultParseLimit, this.free / weight))
  }

  /** Opens a document within the budget, as its rows are read within it. */
  open(
    content: Content,
    options: ResultDocument.OpenOptions
  ): Effect.Effect<ResultDocument.ResultDocument, ContentError> {
    const { inputs = false } = options
    return Effect.suspend(() => {
      const parseLimit = this.limit
      const opened = ResultDocument.open(content, { ...options, parseLimit })
      // Of a document that is scanned only places are held.
      if (content.size > parseLimit) return opened
      // What is parsed and let go in one step needs no share.
      const parsed = content.bytes === undefined ? Effect.scoped(this.parse(content, options)) : opened
      return Effect.map(parsed, (document) => this.unheld(document, content, inputs))
    })
  }

  /** A document without its parsed form, which is made once more for whoever asks for rows. */
  private unheld(
    document: ResultDocument.ResultDocument,
    content: Content,
    inputs: boolean
  ): ResultDocument.ResultDocument {
    return {
      ...document,
      rows: (ids) => Stream.unwrap(Effect.map(this.parse(content, { inputs }), ({ rows }) => rows(ids)))
    }
  }

  /** A document whose share of the budget is taken before it is parsed, and given back when the scope closes. */
  private parse(
    content: Content,
    options: ResultDocument.OpenOptions
  ): Effect.Effect<ResultDocument.ResultDocument, ContentError, Scope.Scope> {
    return Effect.suspend(() => {
      const parseLimit = this.limit
      const share = content.size <= parseLimit ? content.size * weight : 0
      this.free -= share
      const giveBack = Effect.sync(() => {
        this.free += share
      })
      return Effect.andThen(
        Effect.addFinalizer(() => giveBack),
        ResultDocument.open(content, { ...options, parseLimit })
      )
    })
  }
}
