/**
 * Checks of options, the same for every public function. Types alone do not help if a value comes from the environment, as
 * `process.env.BATCH!` does. An unusable value fails with an error that names the option.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { schemaProblems } from "./internal/schemaProblems.ts"
import { TaggedError } from "./internal/taggedError.ts"
import type { BatchRef } from "./Job.ts"
import * as PlainText from "./PlainText.ts"

/** An option, or a variable of the environment, has a value that cannot be used. Never shows a value that may be secret. */
export class OptionError extends TaggedError<OptionError>()("OptionError", {
  /**
   * The option as it is written in code, such as `concurrency`, `follow.interval`, or `batches[0].batchId`; or the variable,
   * such as `GT_STUDIO_API_KEY`.
   */
  option: Schema.String,
  /** What it must be: a sentence without its subject. */
  detail: Schema.String
}) {
  override get message() {
    const isVariable = /^[a-z0-9]+(?:_[a-z0-9]+)+$/i.test(this.option)
    return PlainText.message(`${isVariable ? "" : "Option "}${this.option}: ${this.detail}`)
  }
}

type Check<A> = Effect.Effect<A, OptionError>

const fail = (option: string, detail: string) => Effect.fail(new OptionError({ option, detail }))

/** What a value is. Text is not shown: it may be a secret in the wrong place. */
const shown = (value: unknown): string => {
  switch (typeof value) {
    case "number":
    case "boolean":
    case "undefined":
      return String(value)
    case "string":
      return value === "" ? "empty" : "text"
    default:
      return value === null ? "null" : Array.isArray(value) ? "an array" : `a value of type ${typeof value}`
  }
}

/** Returns a text that is not empty. */
export const text = (option: string, value: unknown): Check<string> =>
  typeof value === "string" && value !== ""
    ? Effect.succeed(value)
    : fail(option, `must be a text that is not empty, and is ${shown(value)}`)

/** Returns a whole number that is at least `least`. Default: 1. */
export const count = (option: string, value: unknown, least = 1): Check<number> =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= least
    ? Effect.succeed(value)
    : fail(option, `must be a whole number from ${least}, and is ${shown(value)}`)

/** Returns a finite number above 0. */
export const positive = (option: string, value: unknown): Check<number> =>
  typeof value === "number" && Number.isFinite(value) && value > 0
    ? Effect.succeed(value)
    : fail(option, `must be a number above 0, and is ${shown(value)}`)

/** Returns a finite duration that is at least `least` milliseconds. Default: 0. */
export const duration = (option: string, value: unknown, least = 0): Check<Duration.Duration> => {
  const read = value === undefined ? Option.none() : Duration.fromInput(value as Duration.Input)
  const millis = Option.isNone(read) ? Number.NaN : Duration.toMillis(read.value)
  // `fromInput` takes invalid numbers for zero.
  const isNoNumber = typeof value === "number" && !(Number.isFinite(value) && value >= 0)
  return Option.isSome(read) && Number.isFinite(millis) && millis >= least && !isNoNumber
    ? Effect.succeed(read.value)
    : fail(
      option,
      `must be a finite duration${least === 0 ? "" : ` of ${least} milliseconds or more`}, such as "5 seconds"`
    )
}

/** Returns one of some words. */
export const oneOf = <const A extends string>(option: string, value: unknown, words: ReadonlyArray<A>): Check<A> => {
  const word = words.find((known) => known === value)
  return word === undefined
    ? fail(option, `must be one of ${words.join(", ")}, and is ${shown(value)}`)
    : Effect.succeed(word)
}

/** Returns true or false. */
export const flag = (option: string, value: unknown): Check<boolean> =>
  typeof value === "boolean" ? Effect.succeed(value) : fail(option, `must be true or false, and is ${shown(value)}`)

/** Passes a function. */
export const callback = (option: string, value: unknown): Check<void> =>
  typeof value === "function" ? Effect.void : fail(option, `must be a function, and is ${shown(value)}`)

/** Applies a check to each element of an array, as `option[0]`, `option[1]`, and so on. */
export const each = <A>(
  option: string,
  values: unknown,
  check: (option: string, value: unknown) => Check<A>
): Check<ReadonlyArray<A>> =>
  Array.isArray(values)
    ? Effect.forEach(values as ReadonlyArray<unknown>, (value, index) => check(`${option}[${index}]`, value))
    : fail(option, `must be an array, and is ${shown(values)}`)

/** Returns a batch's two ids. */
export const batch = (option: string, value: unknown): Check<BatchRef> =>
  typeof value === "object" && value !== null
    ? Effect.all({
      projectId: text(`${option}.projectId`, "projectId" in value ? value.projectId : undefined),
      batchId: text(`${option}.batchId`, "batchId" in value ? value.batchId : undefined)
    })
    : fail(option, `must be { projectId, batchId }, and is ${shown(value)}`)

/** Makes a check of an optional value: `undefined` passes. */
export const given = <A>(
  check: (option: string, value: unknown) => Check<A>
) =>
(option: string, value: unknown): Check<A | undefined> =>
  value === undefined ? Effect.succeed(undefined) : check(option, value)

/**
 * Returns the first problem of options that have a Schema, or undefined if they fit it: for functions that fail with an error
 * of their own, as a sink does.
 */
export const problem = (schema: Schema.Constraint, options: unknown): OptionError | undefined => {
  const decoded = Schema.decodeUnknownResult(Schema.toType(schema) as Schema.Codec<unknown>)(options)
  if (Result.isSuccess(decoded)) return undefined
  const [first] = schemaProblems(decoded.failure.issue)
  return new OptionError(first ?? { option: "options", detail: "cannot be used" })
}
