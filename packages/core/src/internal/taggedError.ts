/**
 * Error classes for failures that are expected: what is shown of one is its message. They have no stack, whose lines would
 * all lie in this library and in Effect; a trace has the spans, and `cause` has where a foreign error arose.
 */
import { NodeInspectSymbol } from "effect/Inspectable"
import * as Schema from "effect/Schema"

type Constructor = new(...args: ReadonlyArray<unknown>) => Error

type Make = (identifier?: string) => (...args: ReadonlyArray<unknown>) => Constructor

const withoutStack = (Base: Constructor): Constructor =>
  class extends Base {
    constructor(...args: ReadonlyArray<unknown>) {
      const { stackTraceLimit } = Error
      Error.stackTraceLimit = 0
      try {
        super(...args)
      } finally {
        Error.stackTraceLimit = stackTraceLimit
      }
    }
    /** What `console.error` and `util.inspect` show. Effect's own lists the fields and leaves the message out. */
    [NodeInspectSymbol]() {
      return this.toString()
    }
  }

/** As `Schema.TaggedError`. */
export const TaggedError =
  ((identifier?: string) => (...args: ReadonlyArray<unknown>) =>
    withoutStack((Schema.TaggedError as unknown as Make)(identifier)(...args))) as unknown as typeof Schema.TaggedError
