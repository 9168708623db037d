import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as References from "effect/References"
import type * as Tracer from "effect/Tracer"

/** Runs an effect in a span, which {@link endSpan} ends; without a span if nothing is traced. */
export const inSpan = <A, E, R>(
  name: string,
  options: Tracer.SpanOptionsNoTrace,
  run: (span: Tracer.Span | undefined) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.flatMap(References.TracerEnabled, (isTraced) =>
    isTraced
      ? Effect.flatMap(Effect.makeSpan(name, options), (span) =>
        Effect.onExit(
          // The place in this code says nothing to its users, and costs as much as the span.
          Effect.withParentSpan(run(span), span, { captureStackTrace: false }),
          (exit) => endSpan(span, exit)
        ))
      : run(undefined))

/** Ends a span, with the failure as {@link failureOf} describes it. */
export const endSpan = (span: Tracer.Span, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
  Effect.clockWith((clock) =>
    Effect.sync(() => {
      const failure = failureOf(exit)
      if (failure !== undefined) span.attribute("error.type", failure.type)
      span.end(
        clock.currentTimeNanosUnsafe(),
        failure !== undefined ? Exit.fail(new SpanError(failure)) : Exit.isSuccess(exit) ? Exit.void : Exit.interrupt()
      )
    })
  )

interface Failure {
  /** The reason of an error of ours, else `defect`. */
  readonly type: string
  readonly message: string
}

/**
 * What telemetry may say about a failure: its kind and, for our own errors, its text. Causes, stacks, and texts of a
 * sink's library stay out. None for success and interruption.
 */
export const failureOf = (exit: Exit.Exit<unknown, unknown>): Failure | undefined => {
  if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return undefined
  const error = Cause.squash(exit.cause)
  if (!(error instanceof Error) || !("_tag" in error) || typeof error._tag !== "string" || !ours.has(error._tag)) {
    return { type: "defect", message: "a fault in the code" }
  }
  const { message } = error
  const reason = "reason" in error ? error.reason : undefined
  if (typeof reason === "string") return { type: reason, message }
  return {
    type: typeof reason === "object" && reason !== null && "_tag" in reason ? String(reason._tag) : error._tag,
    message
  }
}

const ours = new Set(["GtStudioError", "ContentError", "LedgerError", "SinkError", "TransportError"])

/** Effect's exporters send an error's name, message and stack. */
class SpanError extends Data.TaggedError("SpanError")<{ readonly message: string }> {
  constructor({ message, type }: Failure) {
    super({ message })
    this.name = type
    this.stack = `${type}: ${message}`
  }
}
